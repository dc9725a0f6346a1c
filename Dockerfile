# The course in a container:
#   docker build -t embedlab . && docker run --rm -p 127.0.0.1:8888:8888 embedlab
FROM python:3.11-slim

# make sets up, g++ builds hnswlib, which comes as source.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 learner

USER 1000:1000
WORKDIR /home/learner/embedlab

# Torch's build for CPUs: the other one brings several GB of CUDA.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

COPY --chown=1000:1000 . .
# The cache's folder has to exist, or a volume that is mounted there would belong to root.
RUN make setup && mkdir -p /home/learner/.cache

EXPOSE 8888
CMD ["make", "lab", "ARGS=--ip=0.0.0.0 --no-browser"]
