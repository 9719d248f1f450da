# The sample images' common base: a small Debian from the tar file that mmdebstrap makes.
FROM scratch
ADD base.tar /
CMD ["/bin/bash"]
