# The holdfast command in a small image. docs/containers.md tells how it is run.
#
#   docker build -t holdfast .
#   docker run -p 8080:8080 -p 9090:9090 holdfast
#
# BASE has Node 24 or newer, npm and a POSIX shell. NPM_OPTIONS is for builds without a network.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
ARG NPM_OPTIONS=""
WORKDIR /src
COPY . .
RUN npm install --no-save --no-audit --no-fund --ignore-scripts ${NPM_OPTIONS} && npm run build

# Only what the command needs at run time, of the same lock file.
FROM ${BASE} AS modules
ARG NPM_OPTIONS=""
WORKDIR /src
COPY . .
RUN npm install --no-save --no-audit --no-fund --ignore-scripts --omit=dev --workspace @holdfast/cli ${NPM_OPTIONS} \
  && rm -rf .npm-cache node_modules/.cache packages/*/src
COPY --from=build /src/packages /built
RUN for package in packages/*; do \
    if [ -d "/built/${package#packages/}/dist" ] && [ -e "node_modules/@holdfast/${package#packages/}" ]; \
    then cp -R "/built/${package#packages/}/dist" "$package/dist"; else rm -rf "$package"; fi; done \
  && find . -name .tsbuildinfo -delete && find packages \( -name '*.d.ts' -o -name '*.map' \) -delete

FROM ${BASE}
WORKDIR /opt/holdfast
COPY --from=modules /src/node_modules node_modules
COPY --from=modules /src/packages packages
COPY LICENSE package.json ./
COPY proto proto
COPY deploy/docker/healthcheck.mjs deploy/docker/kubernetes-secret.mjs bin/
# A number, so that Kubernetes can see that it is not root. The folder is made here, so that a new volume is that user's.
RUN ln -s /opt/holdfast/packages/cli/dist/bundle/holdfast.js /usr/local/bin/holdfast \
  && chmod +x packages/cli/dist/bundle/holdfast.js && mkdir -m 0700 /data && chown 10001:10001 /data
# Node would open its debugger at SIGUSR1 until the first line of the program has run.
ENV NODE_ENV=production \
  NODE_OPTIONS=--disable-sigusr1 \
  HOLDFAST_HTTP_HOST=0.0.0.0 \
  HOLDFAST_GRPC_HOST=0.0.0.0 \
  HOLDFAST_METRICS_LISTEN=0.0.0.0:9090 \
  HOLDFAST_STORAGE_FOLDER=/data/node
USER 10001:10001
VOLUME /data
# HTTP, gRPC, metrics. Members reach each other on a port of your choice (7000 in compose.yaml).
EXPOSE 8080 8081 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "/opt/holdfast/bin/healthcheck.mjs"]
ENTRYPOINT ["holdfast"]
# Who publishes its ports decides who reaches it. Any other command has to say so itself, or bring certificates.
CMD ["server", "--insecure"]
