# Random faults on both stores, and what they do to writers, readers and watchers.
.PHONY: faults

faults: $(READY) etcd ## Break both stores at random under load, and judge what came of it (FAULTS=, WRITES=, SEED=)
	@$(BIN)/python -m tests.system.faults.run $(if $(FAULTS),--faults $(FAULTS)) $(if $(WRITES),--writes $(WRITES)) $(if $(SEED),--seed $(SEED))
