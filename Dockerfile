# Every file that goes in is made before the build (`npm run build`), so that it needs neither network nor shell:
#   docker build --target server --tag cctelegram/server:dev .
ARG NODE_IMAGE=docker.io/library/node:26-bookworm-slim

FROM ${NODE_IMAGE} AS base
LABEL org.opencontainers.image.vendor="CCTelegram" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
USER 1001:1001
# Without it SIGUSR1 opens the inspector, and with it all of the process, to whoever may send a signal.
ENTRYPOINT ["node", "--disable-sigusr1", "/app/main.js"]

FROM base AS server
LABEL org.opencontainers.image.title="CCTelegram server" \
      org.opencontainers.image.description="MCP server and Telegram bridge; the argument is the role: serve, bridge or standalone"
COPY dist/server/ /app/

FROM base AS operator
LABEL org.opencontainers.image.title="CCTelegram operator" \
      org.opencontainers.image.description="Kubernetes operator for CCTelegramDeployment resources"
# One arena for malloc: of more than one it gives less back, 10 MiB of 130.
ENV MALLOC_ARENA_MAX=1
# The operator waits for the API server most of its time: a small heap, and of the compilers only the baseline one, since the
# optimising two need memory to work in and more code to be loaded. docs/performance.md says what it saves and costs.
ENTRYPOINT ["node", "--disable-sigusr1", "--optimize-for-size", "--max-semi-space-size=2", "--no-maglev", "--no-opt", "/app/main.js"]
COPY dist/operator/ /app/

FROM base AS telegram
LABEL org.opencontainers.image.title="CCTelegram test Telegram" \
      org.opencontainers.image.description="Strict stand-in for the Telegram Bot API, for tests"
COPY dist/telegram/ /app/
