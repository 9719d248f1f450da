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
# One heap for all threads: each would keep some MiB of its own, and they hardly meet.
ENV MALLOC_ARENA_MAX=1
EXPOSE 8082
# Small young generations: events make garbage steadily, and 5 MiB less of it lies around at a time. Code that is small
# rather than fast: 2 MiB, and no fewer events a second.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--optimize-for-size", "/app/agent.js"]
