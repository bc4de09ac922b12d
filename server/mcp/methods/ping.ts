import { defineMethod, noParams } from "../define-method.ts";

export const ping = defineMethod({ name: "ping", eras: ["handshake"], params: noParams, handle: () => ({}) });
