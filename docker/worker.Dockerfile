# A worker: the emulator and the compiler of its kernels. No torch: the kernels do without it.
#
#   docker build --file docker/worker.Dockerfile --tag ghcr.io/neuroevolution/worker:0.1.0 .
FROM docker.io/library/python:3.11.14-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
COPY . /source
RUN python -m venv /venv
# By its path: the name alone would be looked up in the index, where it is somebody else's.
RUN /venv/bin/python -m pip install --quiet --constraint /source/constraints.txt --only-binary :all: /source[worker,atari]

FROM docker.io/library/python:3.11.14-slim-trixie
COPY --from=build /venv /venv
# Nothing is written but below /tmp and the kernels' folder, which a volume makes last. They are compiled at the first
# start, for the processor that is there: an image has no way to know it.
ENV PATH=/venv/bin:$PATH HOME=/tmp NUMBA_CACHE_DIR=/tmp/kernels PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001:10001
# It opens no port to ask. It ends when it cannot go on, and the server sees, shows and replaces whoever falls silent.
HEALTHCHECK NONE
ENTRYPOINT ["neuroevo"]
CMD ["worker", "start"]
