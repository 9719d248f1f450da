# The agent: Node, one bundled program, the eBPF programs and koffi's native module. It needs uid 0 for what it reads and
# loads, and the four capabilities that its DaemonSet gives it, nothing else.
# `node hack/images/main.ts context agent DIR` makes the build context; docker and buildah build it alike.
FROM scratch
ADD base.tar /
COPY node /usr/local/bin/node
COPY app /app
USER 0:0
WORKDIR /app
ENV NODE_ENV=production
EXPOSE 8082
# Small young generations: events make garbage steadily, and 5 MiB less of it lies around at a time.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "/app/agent.js"]
