# The commands of the project. `make` alone lists them.

PYTHON ?= $(shell command -v python3.11 || echo python3)
BIN := .venv/bin
INSTALLED := .venv/installed
GRADERS := .venv-graders/installed
SITE := $(if $(filter no,$(SOLUTIONS)),_build/without_solutions,.)

.DEFAULT_GOAL := help
.PHONY: help book pdf test serve lab run cases weights bench lock clean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(INSTALLED)  ## Build the site; without the solutions: make book SOLUTIONS=no
ifeq ($(SOLUTIONS),no)
	$(BIN)/python tools/without_solutions.py $(SITE)
endif
	$(BIN)/jupyter-book build $(SITE) -n -W --keep-going
	@echo "The first page of the book: $(abspath $(SITE))/_build/html/index.html"

pdf: book  ## Print the whole book as one PDF; without the solutions: make pdf SOLUTIONS=no
	$(BIN)/python tools/make_pdf.py $(SITE)/_build/html $(SITE)/_build/hidden-layers.pdf

test: $(INSTALLED)  ## Run every check: style, package, notebooks, site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/python tools/install.py browser
	$(BIN)/python -m pytest --cov=course_utils --cov-report=term --cov-fail-under=95

serve: book  ## Build the site and serve it on http://localhost:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE)/_build/html 8000

lab: $(INSTALLED)  ## Open the chapters in JupyterLab
	$(BIN)/jupyter lab book

run: $(INSTALLED)  ## Execute a notebook and store its outputs: make run NB=book/08-backprop.ipynb
	@test -n "$(NB)" || { echo "Say which notebook: make run NB=book/08-backprop.ipynb"; exit 2; }
	$(BIN)/python tools/run_notebook.py $(NB)

cases: $(INSTALLED)  ## Make the public cases of the exercises from the solutions
	$(BIN)/course cases

weights: $(INSTALLED)  ## Train the stored networks of chapter 20 anew, in ten to twenty minutes
	$(BIN)/python tools/train_mnist1d.py

bench: $(INSTALLED) $(GRADERS)  ## Compare the grader with nbgrader and otter-grader
	$(BIN)/python tools/bench_graders.py

lock: $(INSTALLED)  ## Pin what the requirements pull in, in constraints.txt
	$(BIN)/python tools/install.py lock

clean:  ## Remove the built site and the virtual environments
	rm -rf _build .venv .venv-graders *.egg-info

$(INSTALLED): requirements.txt constraints.txt pyproject.toml tools/install.py
	$(PYTHON) -m venv .venv
	$(BIN)/python tools/install.py packages
	@touch $@

$(GRADERS): tools/graders-requirements.txt | $(INSTALLED)
	$(BIN)/python tools/install.py graders
