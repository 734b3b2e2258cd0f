# The same verbs as run.py, for hands that type make.
VERBS := demo up test chaos check fmt lint types schema docs install doctor plugins
PYTHON ?= python3

.PHONY: $(VERBS)
$(VERBS):
	@$(PYTHON) run.py $@ $(ARGS)
