import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type KeyPair = { readonly key: string; readonly cert: string };

type Wish = { readonly name: string; readonly notBefore?: string; readonly notAfter?: string };

/** A private certificate authority, made with openssl. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), "cctelegram-authority-"));
  #issued = 0;

  constructor() {
    this.#openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=authority -keyout ca.key -out ca.crt",
    );
    writeFileSync(join(this.#folder, "index.txt"), "");
    writeFileSync(
      join(this.#folder, "ca.cnf"),
      "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any\ncopy_extensions=copy\nunique_subject=no\n[any]\ncommonName=supplied\n",
    );
  }

  /** Times as YYYYMMDDHHMMSSZ. Default: from yesterday for a year. */
  issue({ name, notBefore = "20250101000000Z", notAfter = "20990101000000Z" }: Wish): KeyPair {
    this.#issued += 1;
    const id = `pair-${this.#issued}`;
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    this.#openssl(
      `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${id}.key -out ${id}.csr`,
      subject,
    );
    const times = ["-startdate", notBefore, "-enddate", notAfter];
    this.#openssl(`ca -batch -config ca.cnf -cert ca.crt -keyfile ca.key -in ${id}.csr -out ${id}.crt -notext`, times);
    return { key: this.#read(`${id}.key`), cert: this.#read(`${id}.crt`) };
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }

  #openssl(command: string, further: readonly string[] = []): void {
    execFileSync("openssl", [...command.split(" "), ...further], { cwd: this.#folder, stdio: "pipe" });
  }
}
