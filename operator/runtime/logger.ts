/** The part of pino's Logger that the runtime uses. */
export type Logger = {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
};

type LogMethod = (fields: object, message: string) => void;
