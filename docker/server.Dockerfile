# The server, the command line and the dashboard: no torch, no emulator, no games.
#
#   docker build --file docker/server.Dockerfile --tag ghcr.io/neuroevolution/server:0.1.0 .
FROM docker.io/library/python:3.11.14-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
COPY . /source
RUN python -m venv /venv
# By its path: the name alone would be looked up in the index, where it is somebody else's.
RUN /venv/bin/python -m pip install --quiet --constraint /source/constraints.txt --only-binary :all: /source[server,export]

FROM docker.io/library/python:3.11.14-slim-trixie
COPY --from=build /venv /venv
# Nothing is written but below /tmp, which HOME is too: the rest may be read-only.
ENV PATH=/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NEUROEVO_HOST=0.0.0.0
WORKDIR /tmp
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["neuroevo"]
CMD ["server", "start"]
