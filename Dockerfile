# All files are built before (`npm run build`), so that this build needs neither network nor shell:
#   docker build --target server --tag cctelegram/server:dev .
ARG NODE_IMAGE=docker.io/library/node:26-bookworm-slim

FROM ${NODE_IMAGE} AS base
LABEL org.opencontainers.image.vendor="CCTelegram" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
USER 1001:1001
# Without this, SIGUSR1 opens the inspector, which gives access to the whole process.
ENTRYPOINT ["node", "--disable-sigusr1", "/app/main.js"]

FROM base AS server
LABEL org.opencontainers.image.title="CCTelegram server" \
      org.opencontainers.image.description="MCP server and Telegram bridge; the argument is the role: serve, bridge or standalone"
# Objects of a call live for milliseconds; a larger space for them would grow to 50 MiB. docs/performance.md has the figures.
ENTRYPOINT ["node", "--disable-sigusr1", "--max-semi-space-size=4", "/app/main.js"]
COPY dist/server/ /app/

FROM base AS operator
LABEL org.opencontainers.image.title="CCTelegram operator" \
      org.opencontainers.image.description="Kubernetes operator for CCTelegramDeployment resources"
# One arena for malloc: with more it returns less memory to the system (10 MiB of 130).
ENV MALLOC_ARENA_MAX=1
# The operator mostly waits for the API server: a small heap, and only the baseline compiler, because the two optimising
# compilers need memory and load more code. docs/performance.md has the figures.
ENTRYPOINT ["node", "--disable-sigusr1", "--optimize-for-size", "--max-semi-space-size=2", "--no-maglev", "--no-opt", "/app/main.js"]
COPY dist/operator/ /app/

# The server with what the conformance suite of MCP calls: only `npm run conformance -- --cluster` and its test run it.
FROM base AS conformance
LABEL org.opencontainers.image.title="CCTelegram conformance server" \
      org.opencontainers.image.description="MCP server with the fixtures of the conformance suite, for tests"
COPY dist/conformance/ /app/

FROM base AS telegram
LABEL org.opencontainers.image.title="CCTelegram test Telegram" \
      org.opencontainers.image.description="Strict stand-in for the Telegram Bot API, for tests"
COPY dist/telegram/ /app/
