# syntax=docker/dockerfile:1
# One image for all processes: web (the default), stream, worker, beat, and manage.py. It holds no secret and writes
# nowhere but to DATA_DIR, so that it runs with a read-only root. docs/how-to/run-in-containers.md

FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/flagsite
# what changes seldom comes first: the layer of the dependencies is built anew only when they change
COPY constraints.txt pyproject.toml README.md ./
COPY sdk_python/pyproject.toml sdk_python/README.md sdk_python/
COPY sdk_python/src sdk_python/src
RUN /opt/flagsite/bin/pip install -c constraints.txt ./sdk_python '.[aws,otel,vault]'
COPY manage.py ./
COPY flagsite flagsite
COPY accounts accounts
COPY segments segments
COPY flags flags
COPY rollouts rollouts
COPY templates templates
RUN DATA_DIR=/tmp/data STATIC_ROOT=/build/static /opt/flagsite/bin/python manage.py collectstatic --noinput \
    && /opt/flagsite/bin/python -m compileall -q flagsite accounts segments flags rollouts

FROM python:3.11-slim-trixie
# for manage.py backup and restore; as new as compose.yaml's PostgreSQL
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin flagsite \
    && install -d -o flagsite -g flagsite -m 0700 /data
COPY --from=build /opt/flagsite /opt/flagsite
COPY --from=build /build /app
WORKDIR /app
ENV PATH=/opt/flagsite/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data STATIC_ROOT=/app/static HOST=0.0.0.0 PORT=8000 LOG_JSON=true
USER 10001
VOLUME ["/data"]
EXPOSE 8000
# of web and stream; a worker and a beat have no port, and compose.yaml says how they are asked
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=2)"]
ENTRYPOINT ["python"]
CMD ["-m", "flagsite.serve", "web"]
