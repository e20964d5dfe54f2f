# What the project is made of: known vulnerabilities, licences, and the list of parts.
.PHONY: audit

audit: $(READY) ## Look for known vulnerabilities in all that the locks pin (exit code 3: some could not be audited)
	@$(BIN)/python -m scripts.supply_chain.audit_locks $(AUDIT)
