# The chat service of examples/flask, built from the root of the repository.
FROM rust:1-bookworm AS wheel
WORKDIR /turnwire
# Debian's release pins it well enough.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels ./bindings-python

FROM python:3.13-slim-bookworm
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir flask==3.1.3 gunicorn==27.0.1 pyjwt==2.15.1 /wheels/*.whl
COPY examples/flask /srv/examples/flask
COPY examples/python/offline.py /srv/examples/python/offline.py
WORKDIR /srv/examples/flask
RUN useradd --create-home --uid 1000 chat && install --directory --owner chat /data
USER 1000
# The outbox, and the conversations where there is no chat store: a volume, so that no message is lost with the container.
ENV CHAT_FOLDER=/data BIND=0.0.0.0:5000
VOLUME /data
EXPOSE 5000
CMD ["gunicorn", "app:app"]
