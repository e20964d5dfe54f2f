# What a check of files costs, beside decoding them and beside other checkers.
.PHONY: bench-data data-fuzz fuzz attacks

build/bench/orjson: $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target build/bench orjson==3.13.0 && touch $@

bench-data: build/bench/orjson ## Measure checks of ticks against decoding them and against other checkers
	@PYTHONPATH=build/bench:. $(BIN)/python -W ignore -m bench.data

DATA_FUZZ_EXAMPLES ?= 5000
DATA_FUZZ_MUTATIONS ?= 100000
data-fuzz: $(READY) cpp ## Hold the interpreter to jsonschema-rs on 5,000 documents and tables, and give 100,000 damaged files to Python and C++
	DATA_FUZZ_EXAMPLES=$(DATA_FUZZ_EXAMPLES) $(BIN)/pytest -q -p no:cacheprovider tests/unit/data/test_equality.py tests/unit/data/test_proof.py
	$(BIN)/python -m bench.fuzz_files --count $(DATA_FUZZ_MUTATIONS)

FUZZ_INPUTS ?= 1000000
fuzz: $(READY) ## Send a registry 1,000,000 odd requests over gRPC and REST, and bytes that are none
	$(BIN)/python -m bench.fuzz_requests --count $(FUZZ_INPUTS)

ATTACK_SECONDS ?= 10
attacks: $(READY) ## Measure how long others wait while a registry is attacked in a dozen ways, each ATTACK_SECONDS
	$(BIN)/python -m bench.attacks --seconds $(ATTACK_SECONDS)
