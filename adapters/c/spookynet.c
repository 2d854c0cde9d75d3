/*
 * libspookynet, a client of `./spookynet serve`. C99 and POSIX only. The protocol is docs/protocol.md's; what the
 * functions do stands in spookynet.h.
 *
 * In this order: errors, time, options, messages, the connection, servers that are started here, requests, the
 * interface.
 */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "spookynet.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS has SO_NOSIGPIPE instead */
#endif

extern char **environ;

/* glibc declares it only together with a strerror_r that is not POSIX's. */
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define HAS_CLOSEFROM
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
#endif
#endif

enum { message_size = 1024, name_size = 256, header_size = 16, protocol_version = 1 };

/* No reply that is text is longer: nothing bigger is allocated on a server's word. */
enum { longest_text_reply = 65536 };

enum { hello = 1, system_message = 2, compute_message = 3, reply_to = 100, error_reply = 199 };

/* Bytes with room for more. */
typedef struct spk_buffer {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
} spk_buffer;

/* The options of spk_open; NULL or the default where nothing is said. */
typedef struct spk_options {
  char *text; /* what the others point into */
  const char *units, *timeout, *token, *name;
  const char *model, *device, *cutoff, *strict, *command, *start_timeout, *log;
} spk_options;

/* A server that spawn: has started. */
typedef struct spk_server {
  struct spk_server *next;
  char *key; /* what it was started with */
  char folder[80];
  char socket[100];
  pid_t pid;
  pid_t owner; /* this process, but not what it forks */
  int output;  /* its standard output, kept open so that writing there does not end it */
  int log;
  unsigned handles;
  bool has_ended;
} spk_server;

struct spk_calculator {
  char *address;
  spk_options options;
  double timeout, start_timeout; /* s */
  double length_unit, energy_unit; /* the caller's units in Å and eV */
  spk_server *server;                  /* NULL unless started by spawn: */
  int socket;                      /* -1: not connected */
  uint32_t sequence;
  uint32_t most_atoms, most_structures, longest_body;
  char model[name_size], device[name_size];
  size_t atoms; /* 0: no system yet */
  uint8_t *numbers;
  double charge;
  int32_t unpaired;
  bool is_system_known; /* to the server, on this connection */
  uint32_t periodic;
  spk_buffer request, reply;
  char message[message_size];
};

/* ---- Errors ---- */

static __thread char thread_message[message_size];

static int fail(spk_calculator *calc, int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(thread_message, sizeof thread_message, format, arguments);
  va_end(arguments);
  if (calc != NULL) memcpy(calc->message, thread_message, sizeof thread_message);
  return status;
}

static int out_of_memory(spk_calculator *calc, size_t bytes) {
  return fail(calc, SPK_ERROR_MEMORY, "Expected %zu bytes of memory but there are none", bytes);
}

/* What the system says about errno. */
static const char *reason(char text[128]) {
  if (strerror_r(errno, text, 128) != 0) snprintf(text, 128, "error %d", errno);
  return text;
}

/* ---- Time ---- */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void pause_for(long milliseconds) {
  struct timespec time = {0, milliseconds * 1000000};
  nanosleep(&time, NULL);
}

/* Waits until something of `events` is so; gives what is so, 0 after the deadline, -1 with errno. */
static int wait_for(int descriptor, short events, double deadline) {
  for (;;) {
    double left = deadline - now();
    struct pollfd polled = {descriptor, events, 0};
    int count = poll(&polled, 1, left <= 0 ? 0 : (int)(left * 1000) + 1);
    if (count > 0) return polled.revents;
    if (count == 0 && left <= 0) return 0;
    if (count < 0 && errno != EINTR) return -1;
  }
}

/* ---- Options ---- */

static const struct {
  const char *name;
  size_t offset;
  bool is_for_spawn;
} option_names[] = {
    {"units", offsetof(spk_options, units), false},
    {"timeout", offsetof(spk_options, timeout), false},
    {"token", offsetof(spk_options, token), false},
    {"name", offsetof(spk_options, name), false},
    {"model", offsetof(spk_options, model), true},
    {"device", offsetof(spk_options, device), true},
    {"lr-cutoff", offsetof(spk_options, cutoff), true},
    {"strict", offsetof(spk_options, strict), true},
    {"command", offsetof(spk_options, command), true},
    {"start-timeout", offsetof(spk_options, start_timeout), true},
    {"log", offsetof(spk_options, log), true},
};

static char *copy_of(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int set_option(spk_calculator *calc, const char *name, const char *value, bool may_spawn) {
  for (size_t k = 0; k < sizeof option_names / sizeof *option_names; k++) {
    if (strcmp(name, option_names[k].name) != 0) continue;
    if (option_names[k].is_for_spawn && !may_spawn) {
      return fail(calc, SPK_ERROR_ARGUMENT, "Expected the option %s only with the address spawn: but found %s", name,
                  calc->address);
    }
    memcpy((char *)&calc->options + option_names[k].offset, &value, sizeof value);
    return SPK_OK;
  }
  return fail(calc, SPK_ERROR_ARGUMENT,
              "Expected one of the options units, timeout, token, name, model, device, lr-cutoff, strict, command, "
              "start-timeout and log but found %s",
              name);
}

/* Cuts `name=value name='value'...` into its words, in place. */
static int parse_options(spk_calculator *calc, char *at, bool may_spawn) {
  for (;;) {
    while (is_space(*at)) at++;
    if (*at == '\0') return SPK_OK;
    char *name = at;
    while (*at != '\0' && *at != '=' && !is_space(*at)) at++;
    if (*at != '=') return fail(calc, SPK_ERROR_ARGUMENT, "Expected options name=value but found %s", name);
    *at++ = '\0';
    char *value = at;
    if (*at == '\'' || *at == '"') {
      value = at + 1;
      at = strchr(value, *at);
      if (at == NULL) return fail(calc, SPK_ERROR_ARGUMENT, "Expected a closing quote after %s=%s", name, value - 1);
      if (at[1] != '\0' && !is_space(at[1])) {
        return fail(calc, SPK_ERROR_ARGUMENT, "Expected a space after the value of %s but found %s", name, at + 1);
      }
    } else {
      while (*at != '\0' && !is_space(*at)) at++;
    }
    if (*at != '\0') *at++ = '\0';
    int status = set_option(calc, name, value, may_spawn);
    if (status != SPK_OK) return status;
  }
}

/* Seconds above 0 and up to 10⁶. strtod would want the decimal point of the host's locale. */
static int parse_seconds(spk_calculator *calc, const char *name, const char *text, double *seconds) {
  if (text == NULL) return SPK_OK;
  double value = 0, scale = 0;
  const char *at = text;
  for (; (*at >= '0' && *at <= '9') || (*at == '.' && scale == 0); at++) {
    if (*at == '.') {
      scale = 1;
    } else {
      scale /= 10;
      value = scale > 0 ? value + scale * (*at - '0') : 10 * value + (*at - '0');
    }
  }
  if (*at != '\0' || !(value > 0 && value <= 1e6)) {
    return fail(calc, SPK_ERROR_ARGUMENT, "Expected %s in seconds, above 0 and up to 1000000, but found \"%s\"", name,
                text);
  }
  *seconds = value;
  return SPK_OK;
}

static bool is_strict(const spk_options *options) {
  return options->strict != NULL && strcmp(options->strict, "yes") == 0;
}

static int check_strict(spk_calculator *calc) {
  const char *text = calc->options.strict;
  if (text == NULL || is_strict(&calc->options) || strcmp(text, "no") == 0) return SPK_OK;
  return fail(calc, SPK_ERROR_ARGUMENT, "Expected strict to be yes or no but found \"%s\"", text);
}

static int parse_units(spk_calculator *calc, const char *text) {
  static const struct {
    const char *name;
    double length, energy;
  } known[] = {
      {"metal", 1, 1},
      {"atomic", 0.529177210903, 27.211386245988}, /* CODATA 2018 */
      {"real", 1, 1 / 23.060547830619026},         /* from the exact e, N_A and calorie */
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    if (strcmp(text, known[k].name) != 0) continue;
    calc->length_unit = known[k].length;
    calc->energy_unit = known[k].energy;
    return SPK_OK;
  }
  return fail(calc, SPK_ERROR_ARGUMENT, "Expected the units metal, atomic or real but found \"%s\"", text);
}

static const char *environment(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : NULL;
}

static int read_options(spk_calculator *calc, const char *text) {
  bool may_spawn = strcmp(calc->address, "spawn:") == 0;
  calc->options.text = copy_of(text == NULL ? "" : text);
  if (calc->options.text == NULL) return out_of_memory(calc, strlen(text));
  int status = parse_options(calc, calc->options.text, may_spawn);
  const spk_options *said = &calc->options;
  if (status == SPK_OK) status = parse_units(calc, said->units == NULL ? "metal" : said->units);
  if (status == SPK_OK) status = check_strict(calc);
  if (status == SPK_OK) status = parse_seconds(calc, "timeout", said->timeout, &calc->timeout);
  if (status == SPK_OK) status = parse_seconds(calc, "start-timeout", said->start_timeout, &calc->start_timeout);
  return status;
}

/* ---- Messages ---- */

static bool reserve(spk_buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return true;
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

/* Byte by byte, so that any host writes little-endian; compilers make one move of it where the host is. */
static void put_u32(spk_buffer *buffer, uint32_t value) {
  for (int k = 0; k < 4; k++) buffer->bytes[buffer->length++] = (uint8_t)(value >> (8 * k));
}

static void put_f64(spk_buffer *buffer, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint8_t *at = buffer->bytes + buffer->length;
  for (int k = 0; k < 8; k++) at[k] = (uint8_t)(bits >> (8 * k));
  buffer->length += 8;
}

static void pad(spk_buffer *buffer, size_t multiple) {
  while (buffer->length % multiple != 0) buffer->bytes[buffer->length++] = 0;
}

static void put_text(spk_buffer *buffer, const char *text) {
  size_t length = strlen(text);
  put_u32(buffer, (uint32_t)length);
  memcpy(buffer->bytes + buffer->length, text, length);
  buffer->length += length;
  pad(buffer, 4);
}

static uint32_t get_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get_bits(const uint8_t *at) {
  return (uint64_t)get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

/* Takes a text that begins at `*at` of the body, cut to what fits and with blanks for control characters; false where
 * it reaches beyond the body. */
static bool get_text(const uint8_t *body, size_t length, size_t *at, char *text, size_t size) {
  if (length - *at < 4) return false;
  size_t count = get_u32(body + *at);
  *at += 4;
  if (count > length - *at) return false;
  size_t kept = count < size ? count : size - 1;
  while (kept < count && kept > 0 && (body[*at + kept] & 0xc0) == 0x80) kept--; /* not within a character */
  for (size_t k = 0; k < kept; k++) {
    uint8_t byte = body[*at + k];
    text[k] = (char)(byte < 0x20 || byte == 0x7f ? ' ' : byte);
  }
  text[kept] = '\0';
  size_t padded = (count + 3) / 4 * 4;
  *at += padded < length - *at ? padded : length - *at;
  return true;
}

/* Starts a request with room for a body of that many bytes. */
static int begin_request(spk_calculator *calc, size_t body) {
  if (!reserve(&calc->request, header_size + body + 8)) return out_of_memory(calc, header_size + body + 8);
  calc->request.length = header_size;
  return SPK_OK;
}

static void end_request(spk_calculator *calc, uint32_t kind) {
  spk_buffer *request = &calc->request;
  pad(request, 8);
  size_t length = request->length;
  request->length = 0;
  memcpy(request->bytes, "SPK1", 4);
  request->length = 4;
  put_u32(request, kind);
  put_u32(request, (uint32_t)(length - header_size));
  put_u32(request, ++calc->sequence);
  request->length = length;
}

/* ---- The connection ---- */

static void disconnect(spk_calculator *calc) {
  if (calc->socket >= 0) close(calc->socket);
  calc->socket = -1;
  calc->is_system_known = false;
}

static int timed_out(spk_calculator *calc, const char *what) {
  return fail(calc, SPK_ERROR_TIMEOUT, "Expected %s within %g s but %s did not give one: see the option timeout", what,
              calc->timeout, calc->address);
}

static int lost(spk_calculator *calc, const char *why) {
  return fail(calc, SPK_ERROR_LOST, "Expected an answer of %s but %s: call again to connect again", calc->address, why);
}

static int not_a_reply(spk_calculator *calc, const char *expected) {
  return fail(calc, SPK_ERROR_REPLY, "Expected %s of %s but found something else: is it a SpookyNet server?", expected,
              calc->address);
}

static int no_connection(spk_calculator *calc) {
  char text[128];
  return fail(calc, SPK_ERROR_CONNECT, "Expected a server at %s but cannot connect: %s", calc->address, reason(text));
}

/* Waits for a connection that has begun; gives 0 or the errno. */
static int connection_error(int descriptor, double deadline) {
  int error = 0;
  socklen_t length = sizeof error;
  int events = wait_for(descriptor, POLLOUT, deadline);
  if (events == 0) return ETIMEDOUT;
  if (events < 0 || getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

/* Connects a new socket; -1 with errno. */
static int connect_socket(int family, const struct sockaddr *name, socklen_t size, double deadline) {
  int descriptor = socket(family, SOCK_STREAM, 0), on = 1, error;
  if (descriptor < 0) return -1;
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
  setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  /* Without it a request waits 40 ms for the acknowledgement of the one before. */
  if (family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (;;) {
    error = connect(descriptor, name, size) == 0 ? 0 : errno;
    if (error != EAGAIN || now() >= deadline) break;
    pause_for(2); /* a Unix socket with a full queue: nothing tells when there is room */
  }
  if (error == EINPROGRESS || error == EINTR) error = connection_error(descriptor, deadline);
  if (error == 0) return descriptor;
  close(descriptor);
  errno = error == EAGAIN ? ETIMEDOUT : error;
  return -1;
}

static int connect_unix(spk_calculator *calc, const char *path, double deadline) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof name.sun_path) {
    return fail(calc, SPK_ERROR_ARGUMENT, "Expected a socket path of less than %zu bytes but found %s",
                sizeof name.sun_path, path);
  }
  strcpy(name.sun_path, path);
  calc->socket = connect_socket(AF_UNIX, (const struct sockaddr *)&name, sizeof name, deadline);
  return calc->socket >= 0 ? SPK_OK : no_connection(calc);
}

static int connect_tcp(spk_calculator *calc, const char *host_and_port, double deadline) {
  char host[name_size];
  const char *colon = strrchr(host_and_port, ':');
  size_t length = colon == NULL ? 0 : (size_t)(colon - host_and_port);
  if (length == 0 || length >= sizeof host || colon[1] == '\0') {
    return fail(calc, SPK_ERROR_ARGUMENT, "Expected an address tcp:HOST:PORT but found %s", calc->address);
  }
  if (*host_and_port == '[' && colon[-1] == ']') {
    host_and_port++;
    length -= 2;
  }
  memcpy(host, host_and_port, length);
  host[length] = '\0';
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
  int error = getaddrinfo(host, colon + 1, &hints, &found);
  if (error != 0) {
    return fail(calc, SPK_ERROR_CONNECT, "Expected the address of a host in %s but: %s", calc->address,
                gai_strerror(error));
  }
  errno = ECONNREFUSED;
  for (const struct addrinfo *at = found; at != NULL && calc->socket < 0; at = at->ai_next) {
    calc->socket = connect_socket(at->ai_family, at->ai_addr, at->ai_addrlen, deadline);
  }
  int kept = errno;
  freeaddrinfo(found);
  errno = kept;
  return calc->socket >= 0 ? SPK_OK : no_connection(calc);
}

/* Sends the request, as far as the server takes it. A server that answers before it has everything, or closes, has
 * refused: its reason is there to be read. */
static int send_request(spk_calculator *calc, double deadline, bool *is_whole) {
  const spk_buffer *request = &calc->request;
  char text[128];
  size_t sent = 0;
  *is_whole = false;
  while (sent < request->length) {
    ssize_t count = send(calc->socket, request->bytes + sent, request->length - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += (size_t)count;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return SPK_OK;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      int events = wait_for(calc->socket, POLLIN | POLLOUT, deadline);
      if (events < 0) return lost(calc, reason(text));
      if (events == 0) return timed_out(calc, "an answer");
      if (events & (POLLIN | POLLERR | POLLHUP)) return SPK_OK;
    } else if (errno != EINTR) {
      return lost(calc, reason(text));
    }
  }
  *is_whole = true;
  return SPK_OK;
}

/* What a reply may be: of this kind, with a body of exactly this many bytes or, where it is text, fewer. */
typedef struct spk_reply {
  uint32_t kind;
  size_t length;
  bool is_text;
} spk_reply;

static int check_header(spk_calculator *calc, spk_reply expected, bool is_whole) {
  const uint8_t *header = calc->reply.bytes;
  uint32_t kind = get_u32(header + 4), length = get_u32(header + 8);
  bool is_error = kind == error_reply && length >= 16 && length <= longest_text_reply;
  bool is_reply = is_whole && kind == expected.kind &&
                  (expected.is_text ? length <= expected.length : length == expected.length);
  if (memcmp(header, "SPK1", 4) != 0) return not_a_reply(calc, "a message of the protocol SPK1");
  if (length % 8 != 0 || !(is_error || is_reply)) return not_a_reply(calc, "an answer to the request");
  if (get_u32(header + 12) != calc->sequence) return not_a_reply(calc, "the answer to the last request");
  return SPK_OK;
}

static int receive_reply(spk_calculator *calc, spk_reply expected, bool is_whole, double deadline) {
  spk_buffer *reply = &calc->reply;
  char text[128];
  size_t needed = header_size;
  reply->length = 0;
  while (reply->length < needed) {
    int events = wait_for(calc->socket, POLLIN, deadline);
    if (events < 0) return lost(calc, reason(text));
    if (events == 0) return timed_out(calc, reply->length == 0 ? "an answer" : "a whole answer");
    ssize_t count = recv(calc->socket, reply->bytes + reply->length, reply->capacity - reply->length, 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (count < 0) return lost(calc, reason(text));
    if (count == 0) return lost(calc, "it closed the connection");
    bool had_header = reply->length >= header_size;
    reply->length += (size_t)count;
    if (had_header || reply->length < header_size) continue;
    int status = check_header(calc, expected, is_whole);
    if (status != SPK_OK) return status;
    needed = header_size + get_u32(reply->bytes + 8);
  }
  if (reply->length > needed) return not_a_reply(calc, "one answer");
  return SPK_OK;
}

/* Makes an error of the server's ERROR. */
static int refused(spk_calculator *calc, bool is_whole) {
  const uint8_t *body = calc->reply.bytes + header_size;
  char text[message_size];
  size_t at = 8;
  uint32_t code = get_u32(body);
  if (!get_text(body, calc->reply.length - header_size, &at, text, sizeof text) || code == 0) {
    return not_a_reply(calc, "a readable error");
  }
  if (!is_whole) disconnect(calc);
  if (code <= SPK_ERROR_CLOSING) return fail(calc, (int)code, "%s", text);
  return fail(calc, SPK_ERROR_FAILED, "Error %u: %s", (unsigned)code, text);
}

static bool ends_connection(int status) {
  return status >= SPK_ERROR_CONNECT || (status >= SPK_ERROR_MALFORMED && status <= SPK_ERROR_LIMIT) ||
         status == SPK_ERROR_CLOSING;
}

/* Sends the request that was begun and waits for its reply. */
static int exchange(spk_calculator *calc, uint32_t kind, size_t length, bool is_text, double deadline) {
  size_t room = header_size + (length > longest_text_reply ? length : longest_text_reply);
  if (!reserve(&calc->reply, room)) return out_of_memory(calc, room);
  end_request(calc, kind);
  bool is_whole;
  int status = send_request(calc, deadline, &is_whole);
  if (status == SPK_OK) {
    spk_reply expected = {reply_to + kind, length, is_text};
    status = receive_reply(calc, expected, is_whole, deadline);
  }
  if (status == SPK_OK && get_u32(calc->reply.bytes + 4) == error_reply) status = refused(calc, is_whole);
  if (ends_connection(status)) disconnect(calc);
  return status;
}

/* ---- Servers that are started here ---- */

static pthread_mutex_t servers_lock = PTHREAD_MUTEX_INITIALIZER;
static spk_server *servers;

static bool has_ended(spk_server *server) {
  if (!server->has_ended) {
    pid_t pid = waitpid(server->pid, NULL, WNOHANG);
    /* ECHILD: the host has collected it, with SIGCHLD ignored or a wait of its own. */
    server->has_ended = pid == server->pid || (pid < 0 && errno == ECHILD);
  }
  return server->has_ended;
}

/* Ends the process: asked first, then, 5 s later, killed. It leads a group of its own, so that its children, where the
 * launcher has any, end as well. */
static void end_process(spk_server *server) {
  if (server->pid > 0 && !has_ended(server)) {
    kill(-server->pid, SIGTERM);
    for (double deadline = now() + 5; !has_ended(server) && now() < deadline;) pause_for(5);
    if (!has_ended(server)) {
      kill(-server->pid, SIGKILL);
      while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
  }
}

/* Ends the process and removes its folder, unless they are those of the process that this one was forked from. */
static void end_server(spk_server *server) {
  if (server->owner != getpid()) return;
  end_process(server);
  if (*server->socket != '\0') unlink(server->socket);
  if (*server->folder != '\0') rmdir(server->folder);
}

/* A program that ends without closing its calculators leaves no server behind. What other threads may still hold is not
 * freed, and a lock that one of them holds is not waited for. */
__attribute__((destructor)) static void end_servers(void) {
  if (pthread_mutex_trylock(&servers_lock) != 0) return;
  for (spk_server *at = servers; at != NULL; at = at->next) end_server(at);
  pthread_mutex_unlock(&servers_lock);
}

static void free_server(spk_server *server) {
  end_server(server);
  if (server->output >= 0) close(server->output);
  if (server->log >= 0) close(server->log);
  free(server->key);
  free(server);
}

static void release_server(spk_calculator *calc) {
  spk_server *released = calc->server;
  calc->server = NULL;
  if (released == NULL) return;
  pthread_mutex_lock(&servers_lock);
  if (--released->handles == 0) {
    spk_server **at = &servers;
    while (*at != NULL && *at != released) at = &(*at)->next;
    if (*at != NULL) *at = released->next;
    free_server(released);
  }
  pthread_mutex_unlock(&servers_lock);
}

/* Makes the folder (mode 0700) that the socket stands in, and the file, gone once closed, that takes what the server
 * has to say. */
static int make_folder(spk_calculator *calc, spk_server *made) {
  char text[128];
  const char *temporary = environment("TMPDIR");
  if (temporary == NULL || strlen(temporary) > 50) temporary = "/tmp";
  snprintf(made->folder, sizeof made->folder, "%s/spookynet-XXXXXX", temporary);
  if (mkdtemp(made->folder) == NULL) {
    int status = fail(calc, SPK_ERROR_SPAWN, "Expected to make a folder %s but cannot: %s", made->folder, reason(text));
    made->folder[0] = '\0';
    return status;
  }
  snprintf(made->socket, sizeof made->socket, "%s/socket", made->folder);
  char path[100];
  const char *log = calc->options.log;
  snprintf(path, sizeof path, "%s/log", made->folder);
  made->log = open(log == NULL ? path : log, O_RDWR | O_CREAT | O_APPEND, 0600);
  if (made->log < 0) {
    return fail(calc, SPK_ERROR_SPAWN, "Expected to write %s but cannot: %s", log == NULL ? path : log, reason(text));
  }
  fcntl(made->log, F_SETFD, FD_CLOEXEC);
  if (log == NULL) unlink(path);
  return SPK_OK;
}

/* Starts the process with signals as a shell would leave them and no file of the host's open. */
static int start_process(spk_server *made, char *const *arguments, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  int error = posix_spawn_file_actions_init(&actions);
  if (error != 0) return error;
  error = posix_spawnattr_init(&attributes);
  if (error != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, made->log, 2);
#ifdef HAS_CLOSEFROM
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  if (error == 0) error = posix_spawnp(&made->pid, arguments[0], &actions, &attributes, arguments, environ);
  if (error != 0) made->pid = 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* The last line of what the server has written to standard error. */
static void last_line(const spk_server *server, char *text, size_t size) {
  off_t end = lseek(server->log, 0, SEEK_END);
  off_t start = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
  ssize_t count = end <= 0 ? 0 : pread(server->log, text, size - 1, start);
  if (count < 0) count = 0;
  while (count > 0 && (unsigned char)text[count - 1] <= ' ') count--;
  text[count] = '\0';
  char *line = strrchr(text, '\n');
  if (line != NULL) memmove(text, line + 1, strlen(line));
  if (*text == '\0') snprintf(text, size, "it said nothing");
}

/* Waits for the line by which the server says that it listens. */
static int wait_until_ready(spk_calculator *calc, spk_server *made) {
  char line[512], text[512];
  double deadline = now() + calc->start_timeout;
  for (;;) {
    int events = wait_for(made->output, POLLIN, deadline);
    ssize_t count = events > 0 ? read(made->output, line, sizeof line) : -1;
    if (count > 0 && memchr(line, '\n', (size_t)count) != NULL) return SPK_OK;
    if (count > 0 || (events > 0 && count < 0 && errno == EINTR)) continue;
    last_line(made, text, sizeof text);
    if (events > 0) return fail(calc, SPK_ERROR_SPAWN, "Expected a server to start but it ended: %s", text);
    return fail(calc, SPK_ERROR_SPAWN, "Expected a server to be ready within %g s but it is not (%s): see the option "
                "start-timeout", calc->start_timeout, text);
  }
}

enum { most_arguments = 16 };

/* The command line of the server, without its address; `arguments` ends with NULL and has room for two more. */
static void list_arguments(const spk_options *options, const char *arguments[most_arguments]) {
  int count = 0;
  const char *command = options->command != NULL ? options->command : environment("SPOOKYNET_COMMAND");
  arguments[count++] = command != NULL ? command : "spookynet";
  arguments[count++] = "serve";
  arguments[count++] = "--idle-exit";
  arguments[count++] = "10";
  const char *const optional[][2] = {
      {"--model", options->model}, {"--device", options->device}, {"--lr-cutoff", options->cutoff}};
  for (size_t k = 0; k < sizeof optional / sizeof *optional; k++) {
    if (optional[k][1] == NULL) continue;
    arguments[count++] = optional[k][0];
    arguments[count++] = optional[k][1];
  }
  if (is_strict(options)) arguments[count++] = "--strict";
  arguments[count] = NULL;
}

/* The words with a line feed after each; NULL without memory. */
static char *join(const char *const *words) {
  size_t size = 1;
  for (int k = 0; words[k] != NULL; k++) size += strlen(words[k]) + 1;
  char *joined = malloc(size), *at = joined;
  if (joined == NULL) return NULL;
  *at = '\0';
  for (int k = 0; words[k] != NULL; k++) at += sprintf(at, "%s\n", words[k]);
  return joined;
}

static int start_server(spk_calculator *calc, spk_server *made, const char *arguments[most_arguments]) {
  char text[128], listen[sizeof made->socket + 8];
  int status = make_folder(calc, made);
  if (status != SPK_OK) return status;
  int ends[2], count = 0;
  if (pipe(ends) != 0) return fail(calc, SPK_ERROR_SPAWN, "Expected a pipe but there is none: %s", reason(text));
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  made->output = ends[0];
  snprintf(listen, sizeof listen, "unix:%s", made->socket);
  while (arguments[count] != NULL) count++;
  arguments[count++] = "--listen";
  arguments[count++] = listen;
  arguments[count] = NULL;
  errno = start_process(made, (char *const *)arguments, ends[1]);
  close(ends[1]);
  if (made->pid == 0) {
    return fail(calc, SPK_ERROR_SPAWN, "Expected to start %s but cannot: %s (see the option command)", arguments[0],
                reason(text));
  }
  return wait_until_ready(calc, made);
}

/* Joins the server of this process that has been started in the same way, or starts it. */
static int acquire_server(spk_calculator *calc) {
  const char *arguments[most_arguments];
  list_arguments(&calc->options, arguments);
  char *key = join(arguments);
  if (key == NULL) return out_of_memory(calc, 1);
  pthread_mutex_lock(&servers_lock);
  spk_server *found = servers;
  while (found != NULL && (strcmp(found->key, key) != 0 || found->owner != getpid() || has_ended(found))) {
    found = found->next;
  }
  int status = SPK_OK;
  if (found != NULL) {
    free(key);
  } else if ((found = calloc(1, sizeof *found)) == NULL) {
    free(key);
    status = out_of_memory(calc, sizeof *found);
  } else {
    found->key = key;
    found->owner = getpid();
    found->output = found->log = -1;
    status = start_server(calc, found, arguments);
    if (status == SPK_OK) {
      found->next = servers;
      servers = found;
    } else {
      free_server(found);
      found = NULL;
    }
  }
  if (found != NULL) found->handles++;
  pthread_mutex_unlock(&servers_lock);
  calc->server = found;
  return status;
}

/* Whether the server behind a connection that was lost has ended. Its sockets close a little before it is gone. */
static bool has_server_ended(const spk_calculator *calc) {
  for (double deadline = now() + 0.2;; pause_for(5)) {
    pthread_mutex_lock(&servers_lock);
    bool answer = has_ended(calc->server);
    pthread_mutex_unlock(&servers_lock);
    if (answer || now() >= deadline) return answer;
  }
}

/* ---- Requests ---- */

static int say_hello(spk_calculator *calc, double deadline) {
  const char *token = calc->options.token != NULL ? calc->options.token : environment("SPOOKYNET_TOKEN");
  const char *name = calc->options.name != NULL ? calc->options.name : "libspookynet " SPK_VERSION;
  if (token == NULL) token = "";
  int status = begin_request(calc, 24 + strlen(token) + strlen(name));
  if (status != SPK_OK) return status;
  put_u32(&calc->request, protocol_version);
  put_u32(&calc->request, 0);
  put_text(&calc->request, token);
  put_text(&calc->request, name);
  status = exchange(calc, hello, longest_text_reply, true, deadline);
  if (status != SPK_OK) return status;

  const uint8_t *body = calc->reply.bytes + header_size;
  size_t length = calc->reply.length - header_size, at = 16;
  if (length < at || !get_text(body, length, &at, calc->model, sizeof calc->model) ||
      !get_text(body, length, &at, calc->device, sizeof calc->device)) {
    disconnect(calc);
    return not_a_reply(calc, "a readable WELCOME");
  }
  if (get_u32(body) != protocol_version) {
    disconnect(calc);
    return fail(calc, SPK_ERROR_VERSION, "Expected a server of protocol version %d but %s speaks %u", protocol_version,
                calc->address, (unsigned)get_u32(body));
  }
  calc->most_atoms = get_u32(body + 4);
  calc->most_structures = get_u32(body + 8);
  calc->longest_body = get_u32(body + 12);
  if (sizeof(size_t) == 4 && calc->longest_body > INT32_MAX) calc->longest_body = INT32_MAX;
  return SPK_OK;
}

static int connect_to_server(spk_calculator *calc, double deadline) {
  int status;
  if (strncmp(calc->address, "unix:", 5) == 0) status = connect_unix(calc, calc->address + 5, deadline);
  else if (strncmp(calc->address, "tcp:", 4) == 0) status = connect_tcp(calc, calc->address + 4, deadline);
  else status = connect_unix(calc, calc->server->socket, deadline);
  return status == SPK_OK ? say_hello(calc, deadline) : status;
}

static int send_system(spk_calculator *calc, double deadline) {
  if (calc->atoms > calc->most_atoms) {
    return fail(calc, SPK_ERROR_LIMIT, "Expected at most %u atoms, as %s takes, but found %zu",
                (unsigned)calc->most_atoms, calc->address, calc->atoms);
  }
  int status = begin_request(calc, 16 + calc->atoms);
  if (status != SPK_OK) return status;
  put_u32(&calc->request, (uint32_t)calc->atoms);
  put_u32(&calc->request, (uint32_t)calc->unpaired);
  put_f64(&calc->request, calc->charge);
  memcpy(calc->request.bytes + calc->request.length, calc->numbers, calc->atoms);
  calc->request.length += calc->atoms;
  status = exchange(calc, system_message, 0, false, deadline);
  calc->is_system_known = status == SPK_OK;
  return status;
}

/* Sees to it that there is a server, a connection and, on it, the system. A time-out counts from when the server, where
 * one has to be started, is ready. */
static int prepare(spk_calculator *calc, double *deadline) {
  int status = SPK_OK;
  if (calc->socket < 0 && strcmp(calc->address, "spawn:") == 0) {
    if (calc->server != NULL && has_server_ended(calc)) release_server(calc);
    if (calc->server == NULL) status = acquire_server(calc);
  }
  *deadline = now() + calc->timeout;
  if (status == SPK_OK && calc->socket < 0) status = connect_to_server(calc, *deadline);
  if (status == SPK_OK && calc->atoms > 0 && !calc->is_system_known) status = send_system(calc, *deadline);
  return status;
}

/* A part of RESULT; they come in the order of the bits by which COMPUTE asks for them, after the energies. */
typedef struct spk_output {
  double *values; /* NULL: not wanted */
  double count;   /* numbers for a structure; a double, so that no product of sizes overflows */
  double unit;    /* what the server's number is multiplied by */
} spk_output;

enum { energies_at, forces_at, virials_at, charges_at, dipoles_at, atomic_energies_at, hessian_at, output_count };

/* Energies come unasked. */
static bool is_there(const spk_output outputs[output_count], int k) {
  return k == energies_at || outputs[k].values != NULL;
}

/* Takes numbers of the reply, or only checks them for NULL; false where one is not finite. */
static bool take_values(const uint8_t *at, double *values, size_t count, double unit) {
  bool is_finite = true;
  for (size_t k = 0; k < count; k++) {
    uint64_t bits = get_bits(at + 8 * k);
    double value;
    memcpy(&value, &bits, sizeof value);
    is_finite = is_finite && (bits >> 52 & 0x7ff) != 0x7ff; /* isfinite is not to be trusted with -ffast-math */
    if (values != NULL) values[k] = unit * value;
  }
  return is_finite;
}

static int compute_some(spk_calculator *calc, size_t structures, const double *positions, const double *cells,
                        spk_output outputs[output_count], size_t reply_size, double deadline) {
  size_t coordinates = 3 * calc->atoms * structures;
  uint32_t wanted = 0;
  for (int k = 1; k < output_count; k++) wanted |= outputs[k].values != NULL ? 1u << (k - 1) : 0;
  int status = begin_request(calc, 16 + 8 * (9 * structures + coordinates));
  if (status != SPK_OK) return status;
  spk_buffer *request = &calc->request;
  put_u32(request, (uint32_t)structures);
  put_u32(request, wanted);
  put_u32(request, cells == NULL ? 0 : calc->periodic);
  put_u32(request, 0);
  for (size_t k = 0; cells != NULL && k < 9 * structures; k++) put_f64(request, calc->length_unit * cells[k]);
  for (size_t k = 0; k < coordinates; k++) put_f64(request, calc->length_unit * positions[k]);
  status = exchange(calc, compute_message, reply_size, false, deadline);
  if (status != SPK_OK) return status;

  const uint8_t *at = calc->reply.bytes + header_size;
  bool is_good = get_u32(at) == structures && get_u32(at + 4) == wanted;
  at += 8;
  for (int k = 0; k < output_count && is_good; k++) {
    if (!is_there(outputs, k)) continue;
    size_t count = (size_t)outputs[k].count * structures;
    is_good = take_values(at, outputs[k].values, count, outputs[k].unit);
    if (outputs[k].values != NULL) outputs[k].values += count;
    at += 8 * count;
  }
  if (is_good) return SPK_OK;
  disconnect(calc);
  return not_a_reply(calc, "a result with finite numbers");
}

static int compute(spk_calculator *calc, int structures, const double *positions, const double *cells,
                   double *const values[output_count]) {
  if (calc == NULL) return fail(NULL, SPK_ERROR_ARGUMENT, "Expected a calculator but found NULL: see spk_open");
  if (calc->atoms == 0) return fail(calc, SPK_ERROR_ARGUMENT, "Expected a system but found none: see spk_set_system");
  if (positions == NULL) return fail(calc, SPK_ERROR_ARGUMENT, "Expected positions but found NULL");
  if (structures < 1) return fail(calc, SPK_ERROR_ARGUMENT, "Expected structures but found %d", structures);
  double deadline;
  int status = prepare(calc, &deadline);
  if (status != SPK_OK) return status;

  double atoms = (double)calc->atoms, length = calc->length_unit, energy = calc->energy_unit;
  spk_output outputs[output_count] = {
      [energies_at] = {values[energies_at], 1, 1 / energy},
      [forces_at] = {values[forces_at], 3 * atoms, length / energy},
      [virials_at] = {values[virials_at], 9, 1 / energy},
      [charges_at] = {values[charges_at], atoms, 1},
      [dipoles_at] = {values[dipoles_at], 3, 1 / length},
      [atomic_energies_at] = {values[atomic_energies_at], atoms, 1 / energy},
      [hessian_at] = {values[hessian_at], 9 * atoms * atoms, length * length / energy},
  };
  if (calc->periodic == 0) cells = NULL;
  double request_size = 8 * (3 * atoms + (cells == NULL ? 0 : 9)), reply_size = 0;
  for (int k = 0; k < output_count; k++) reply_size += is_there(outputs, k) ? 8 * outputs[k].count : 0;
  double most = calc->most_structures, longest = calc->longest_body;
  if (most > (longest - 16) / request_size) most = (longest - 16) / request_size;
  if (most > (longest - 8) / reply_size) most = (longest - 8) / reply_size;
  if (most < 1) {
    return fail(calc, SPK_ERROR_LIMIT,
                "Expected a request and a result of at most %.0f bytes, as %s takes, but they have %.0f and %.0f",
                longest, calc->address, 16 + request_size, 8 + reply_size);
  }
  for (size_t done = 0, all = (size_t)structures; done < all && status == SPK_OK;) {
    size_t count = (double)(all - done) <= most ? all - done : (size_t)most;
    status = compute_some(calc, count, positions + 3 * calc->atoms * done, cells == NULL ? NULL : cells + 9 * done,
                          outputs, 8 + count * (size_t)reply_size, deadline);
    done += count;
  }
  return status;
}

/* ---- The interface ---- */

static void free_calculator(spk_calculator *calc) {
  disconnect(calc);
  release_server(calc);
  free(calc->address);
  free(calc->options.text);
  free(calc->numbers);
  free(calc->request.bytes);
  free(calc->reply.bytes);
  free(calc);
}

static int find_address(spk_calculator *calc, const char *address) {
  if (address == NULL || *address == '\0') address = environment("SPOOKYNET_ADDRESS");
  if (address == NULL) {
    return fail(calc, SPK_ERROR_ARGUMENT,
                "Expected an address, as an argument or in SPOOKYNET_ADDRESS, but found none: unix:/path, "
                "tcp:HOST:PORT or spawn:");
  }
  if (strncmp(address, "unix:", 5) != 0 && strncmp(address, "tcp:", 4) != 0 && strcmp(address, "spawn:") != 0) {
    return fail(calc, SPK_ERROR_ARGUMENT, "Expected an address unix:/path, tcp:HOST:PORT or spawn: but found \"%s\"",
                address);
  }
  calc->address = copy_of(address);
  return calc->address == NULL ? out_of_memory(calc, strlen(address)) : SPK_OK;
}

int spk_open(spk_calculator **calc, const char *address, const char *options) {
  if (calc == NULL) return fail(NULL, SPK_ERROR_ARGUMENT, "Expected where to put the calculator but found NULL");
  *calc = NULL;
  spk_calculator *made = calloc(1, sizeof *made);
  if (made == NULL) return out_of_memory(NULL, sizeof *made);
  made->socket = -1;
  made->periodic = 7;
  made->timeout = 60;
  made->start_timeout = 120;
  double deadline;
  int status = find_address(made, address);
  if (status == SPK_OK) status = read_options(made, options);
  if (status == SPK_OK) status = prepare(made, &deadline);
  if (status == SPK_OK) *calc = made;
  else free_calculator(made);
  return status;
}

int spk_close(spk_calculator **calc) {
  if (calc == NULL || *calc == NULL) return SPK_OK;
  free_calculator(*calc);
  *calc = NULL;
  return SPK_OK;
}

int spk_set_system(spk_calculator *calc, int atoms, const int *numbers, double charge, int unpaired) {
  if (calc == NULL) return fail(NULL, SPK_ERROR_ARGUMENT, "Expected a calculator but found NULL: see spk_open");
  if (atoms < 1 || numbers == NULL) {
    return fail(calc, SPK_ERROR_ARGUMENT, "Expected atoms but found %d%s", atoms, numbers == NULL ? ", NULL" : "");
  }
  uint8_t *bytes = malloc((size_t)atoms);
  if (bytes == NULL) return out_of_memory(calc, (size_t)atoms);
  for (int k = 0; k < atoms; k++) {
    if (numbers[k] < 1 || numbers[k] > 255) {
      free(bytes);
      return fail(calc, SPK_ERROR_ARGUMENT, "Expected atomic numbers but found %d for atom %d of %d", numbers[k], k,
                  atoms);
    }
    bytes[k] = (uint8_t)numbers[k];
  }
  free(calc->numbers);
  calc->numbers = bytes;
  calc->atoms = (size_t)atoms;
  calc->charge = charge;
  calc->unpaired = unpaired;
  calc->is_system_known = false;
  double deadline;
  return prepare(calc, &deadline);
}

int spk_set_periodic(spk_calculator *calc, int a, int b, int c) {
  if (calc == NULL) return fail(NULL, SPK_ERROR_ARGUMENT, "Expected a calculator but found NULL: see spk_open");
  calc->periodic = (a ? 1u : 0) | (b ? 2u : 0) | (c ? 4u : 0);
  return SPK_OK;
}

int spk_compute_many(spk_calculator *calc, int structures, const double *positions, const double *cells,
                     double *energies, double *forces, double *virials, double *atomic_energies, double *charges,
                     double *dipoles) {
  double *const values[output_count] = {[energies_at] = energies,
                                        [forces_at] = forces,
                                        [virials_at] = virials,
                                        [charges_at] = charges,
                                        [dipoles_at] = dipoles,
                                        [atomic_energies_at] = atomic_energies};
  return compute(calc, structures, positions, cells, values);
}

int spk_compute(spk_calculator *calc, const double *positions, const double *cell, double *energy, double *forces,
                double *virial, double *atomic_energies, double *charges, double *dipole) {
  return spk_compute_many(calc, 1, positions, cell, energy, forces, virial, atomic_energies, charges, dipole);
}

int spk_compute_hessian(spk_calculator *calc, const double *positions, const double *cell, double *hessian) {
  double *const values[output_count] = {[hessian_at] = hessian};
  return compute(calc, 1, positions, cell, values);
}

const char *spk_error_message(const spk_calculator *calc) {
  return calc != NULL ? calc->message : thread_message;
}

const char *spk_last_error(void) {
  return thread_message;
}

const char *spk_model(const spk_calculator *calc) {
  return calc != NULL ? calc->model : "";
}

const char *spk_device(const spk_calculator *calc) {
  return calc != NULL ? calc->device : "";
}

int spk_api_version(void) {
  return SPK_API_VERSION;
}

const char *spk_version(void) {
  return SPK_VERSION;
}
