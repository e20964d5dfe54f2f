# What a check of files costs, beside decoding them and beside other checkers.
.PHONY: bench-data data-fuzz

build/bench/orjson: $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target build/bench orjson==3.13.0 && touch $@

bench-data: build/bench/orjson ## Measure checks of ticks against decoding them and against other checkers
	@PYTHONPATH=build/bench:. $(BIN)/python -W ignore -m bench.data

DATA_FUZZ_EXAMPLES ?= 5000
data-fuzz: $(READY) ## Hold the interpreter to jsonschema-rs row by row, on 5,000 documents and tables, and proofs to reading
	DATA_FUZZ_EXAMPLES=$(DATA_FUZZ_EXAMPLES) $(BIN)/pytest -q -p no:cacheprovider tests/data/test_equality.py tests/data/test_proof.py
