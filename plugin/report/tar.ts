export type Entry = { readonly path: string; readonly content: string };

const block = 512;

/** Files as a tar archive (POSIX ustar), readable for their owner alone. `at`: Unix time in milliseconds. */
export function tar(entries: readonly Entry[], at: number): Uint8Array {
  const parts = entries.flatMap(({ path, content }) => {
    const bytes = Buffer.from(content);
    return [header(path, bytes.length, at), bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(path: string, size: number, at: number): Buffer {
  const [prefix, name] = split(path);
  const head = Buffer.alloc(block);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  head.write(name, 0);
  head.write(octal(0o600, 8), 100);
  head.write(octal(0, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(size, 12), 124);
  head.write(octal(Math.floor(at / 1000), 12), 136);
  // While it is summed up, the place of the sum has blanks.
  head.write(" ".repeat(8), 148);
  head.write("0", 156);
  head.write("ustar\x0000", 257);
  head.write(prefix, 345);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return head;
}

/** A name has room for 100 bytes, the folders before it for 155. */
function split(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  const slash = path.lastIndexOf("/");
  const [prefix, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  if (slash < 0 || Buffer.byteLength(name) > 100 || Buffer.byteLength(prefix) > 155)
    throw new Error(`${path} is too long for a tar archive`);
  return [prefix, name];
}
