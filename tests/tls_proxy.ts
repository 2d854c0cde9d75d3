import { join } from "node:path";

/**
 * A proxy that tunnels every connection (CONNECT) to an https server of its own, which calls itself by another machine's
 * name and has one file: so that a program can be run against the address it really goes to.
 */
export class TlsProxy implements AsyncDisposable {
  /** What it was asked to connect to. */
  readonly tunnels: string[] = [];
  /** The paths that the server behind it was asked for. */
  readonly paths: string[] = [];
  readonly #folder: string;
  readonly #proxy: Deno.TcpListener;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #serving: Promise<void>;

  private constructor(folder: string, certificate: { cert: string; key: string }, file: Uint8Array) {
    this.#folder = folder;
    this.#server = Deno.serve({ ...certificate, hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      this.paths.push(new URL(request.url).pathname);
      return new Response(file.slice());
    });
    this.#proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** Whether this machine can make certificates. */
  static async isPossible(): Promise<boolean> {
    return await new Deno.Command("openssl", { args: ["version"], stdout: "null", stderr: "null" })
      .output().then(({ success }) => success, () => false);
  }

  /** Starts both, with a certificate for that name. */
  static async start(name: string, file: Uint8Array): Promise<TlsProxy> {
    const folder = await Deno.makeTempDir({ prefix: "spookynet-tls-" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await openssl(folder, "req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test");
    await openssl(folder, "req", ...key, "-keyout", "key.pem", "-out", "request.pem", "-subj", `/CN=${name}`);
    await Deno.writeTextFile(join(folder, "names"), `subjectAltName=DNS:${name}\n`);
    const signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "1", "-extfile", "names"];
    await openssl(folder, "x509", "-req", "-in", "request.pem", ...signer, "-days", "2", "-out", "cert.pem");
    const [cert, privateKey] = await Promise.all(
      ["cert.pem", "key.pem"].map((name) => Deno.readTextFile(join(folder, name))),
    );
    return new TlsProxy(folder, { cert: cert!, key: privateKey! }, file);
  }

  /** For HTTPS_PROXY. */
  get url(): string {
    return `http://127.0.0.1:${this.#proxy.addr.port}`;
  }

  /** The file with the certificate of who signed, for DENO_CERT. */
  get authority(): string {
    return join(this.#folder, "ca.crt");
  }

  /** Stops both. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#proxy.close();
    await this.#serving;
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #serve(): Promise<void> {
    const tunnels: Promise<void>[] = [];
    try {
      for await (const connection of this.#proxy) tunnels.push(this.#tunnel(connection));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(tunnels);
  }

  async #tunnel(client: Deno.Conn): Promise<void> {
    const piece = new Uint8Array(4096);
    const count = await client.read(piece);
    const head = new TextDecoder().decode(piece.subarray(0, count ?? 0));
    this.tunnels.push(/^CONNECT (\S+) /.exec(head)?.[1] ?? head);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#server.addr.port });
    await client.write(new TextEncoder().encode("HTTP/1.1 200 Connection established\r\n\r\n"));
    await Promise.allSettled([client.readable.pipeTo(server.writable), server.readable.pipeTo(client.writable)]);
  }
}

async function openssl(folder: string, ...args: readonly string[]) {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], cwd: folder }).output();
  if (!success) throw new Error(`Expected openssl ${args[0]} to work but found: ${new TextDecoder().decode(stderr)}`);
}
