# The operator: Node and one bundled program, as a user without rights, on a file system that need not be writable.
# `node hack/images/main.ts context operator DIR` makes the build context; docker and buildah build it alike.
FROM scratch
ADD base.tar /
COPY node /usr/local/bin/node
COPY app /app
USER 65532:65532
WORKDIR /app
ENV NODE_ENV=production
# One heap for all threads: what compression and connections gave back in one is of no use to the others.
ENV MALLOC_ARENA_MAX=1
VOLUME /data
EXPOSE 8443 8081
# The store has a thread of its own, and on processors with protection keys V8 may end a process in which the heaps of two
# threads race for its account of code pages ("Check failed: jit_page.has_value()").
ENTRYPOINT ["/usr/local/bin/node", "/app/operator.js"]
