# Debian, not Alpine: OpenCV and the embedded Redis have no musl builds.
FROM python:3.13-slim-bookworm AS build
RUN pip install --no-cache-dir "uv>=0.9.5,<1"
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/persona-graph
WORKDIR /src
# The packages change seldom and the code often: they are layers of their own.
COPY pyproject.toml uv.lock README.md ./
COPY plugins plugins
RUN uv sync --frozen --no-install-workspace --all-extras --no-extra sandbox
COPY persona_graph persona_graph
RUN uv sync --frozen --no-editable --all-extras --no-extra sandbox

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin persona
COPY --from=build /opt/persona-graph /opt/persona-graph
ENV PATH=/opt/persona-graph/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER persona
EXPOSE 8000
CMD ["persona-graph", "api"]
