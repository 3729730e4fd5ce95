# make grow    grow a graph with the embedded model        make demo   replay the recorded run in seconds
# make test    the whole test suite                        make check  linters, types, layers
# make room ROOM=graph    the tests of one room, without servers, browsers and the embedded model
# make docs    write docs/reference from the code
# make ui      build the explorer's picture from its sources (Node 20 or newer)
# make neo4j   a Neo4j server on localhost (Java 17 and Maven; with Docker: docker compose up)
PYTHON ?= python3
TOPIC ?= impact resistant materials
STEPS ?= 20
STORE ?= graph.db
BIN := .venv/bin
NEO4J_HOME ?= $(HOME)/.local/share/graphgrow/neo4j
BOLT ?= 7687
HTTP ?= 7474
JARS := .neo4j/lib
ROOM ?=

.PHONY: grow demo test coverage room check docs wheel ui neo4j neo4j-jars reader-jars litellm clean

grow: .venv/local
	$(BIN)/graphgrow grow "$(TOPIC)" --steps $(STEPS) --store $(STORE)

demo: .venv/ready
	rm -f demo.db demo.db-shm demo.db-wal
	$(BIN)/graphgrow replay data/runs/impact-resistant-materials-knowledge.jsonl.gz --store demo.db
	$(BIN)/graphgrow show demo.db

# all environments before any test: a test that installs would take the package from under the others
test: .venv/ready .venv/dev .venv/local
	-$(MAKE) -s litellm # where it cannot be had its tests say so
	$(BIN)/python -m compileall -q graphgrow ui # tests start hundreds of commands, also where Python may keep no bytecode
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=30 $(PYTEST)

# the same, and fails where less than 90 % of the lines and branches run: tracing doubles the time of a test
coverage:
	$(MAKE) test PYTEST='--cov --cov-report=term'

room: .venv/dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not local and not neo4j and not browser" $(addprefix tests/,$(ROOM))

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/dev
	$(BIN)/python docs/generate.py

wheel: .venv/dev
	$(BIN)/python -m build --wheel --outdir dist

ui: ui/picture/node_modules/.package-lock.json
	node ui/picture/build.js

ui/picture/node_modules/.package-lock.json: ui/picture/package-lock.json
	cd ui/picture && npm ci --ignore-scripts --no-audit --no-fund

neo4j: neo4j-jars
	java -Xmx1g -cp '$(JARS)/*:.neo4j/server' Neo4jServer "$(NEO4J_HOME)" $(BOLT) $(HTTP)

neo4j-jars: $(JARS)/complete

$(JARS)/complete: neo4j-server/pom.xml neo4j-server/Neo4jServer.java
	@java -version 2>&1 | grep -qE 'version "(1[7-9]|[2-9][0-9])' || { echo 'a Neo4j server needs Java 17 or newer (a JDK): install openjdk-17-jdk-headless' >&2; exit 1; }
	@command -v mvn >/dev/null || { echo 'the Neo4j server comes from Maven Central: install maven, or use docker compose up' >&2; exit 1; }
	rm -rf $(JARS)
	mvn -q -B -f neo4j-server/pom.xml dependency:copy-dependencies -DoutputDirectory='$(CURDIR)/$(JARS)'
	javac -cp '$(JARS)/*' -d .neo4j/server neo4j-server/Neo4jServer.java
	touch $@

# programs of others that tests read our files with
reader-jars: .readers/complete

.readers/complete: tests/readers/pom.xml
	rm -rf .readers
	mvn -q -B -f tests/readers/pom.xml dependency:copy-dependencies -DoutputDirectory='$(CURDIR)/.readers'
	touch $@

litellm: .litellm/complete

# a proxy in front of models, which the tests talk to: in an environment of its own
.litellm/complete: tests/litellm.txt
	$(PYTHON) -m venv .litellm
	.litellm/bin/pip install -q -r tests/litellm.txt
	touch $@

clean:
	rm -rf .venv .neo4j .readers .litellm build dist demo.db demo.db-shm demo.db-wal

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "graphgrow needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e .
	touch $@

.venv/local: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[local]'
	touch $@

.venv/dev: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[dev]'
	touch $@
