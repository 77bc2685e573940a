FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src/ src/
# Compiled in: the rules' words, and their examples.
COPY rules/ rules/
COPY fixtures/rules/ fixtures/rules/
RUN cargo build --release --locked --bin relaudit

FROM debian:bookworm-slim
# The authorities that vouch for servers, for `sslrootcert=system`.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 relaudit
COPY --from=build /build/target/release/relaudit /usr/local/bin/relaudit
COPY LICENSE /usr/share/doc/relaudit/LICENSE
USER relaudit
WORKDIR /home/relaudit
ENTRYPOINT ["relaudit"]
