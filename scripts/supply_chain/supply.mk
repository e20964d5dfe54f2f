# What the project is made of: known vulnerabilities, licences, and the list of parts.
.PHONY: audit licences sbom

audit: $(READY) ## Look for known vulnerabilities in all that the locks pin (exit code 3: some could not be audited)
	@$(BIN)/python -m scripts.supply_chain.audit_locks $(AUDIT)

licences: $(READY) ## List the licence of all that the locks pin in docs/licences.md; fail where one isn't allowed
	@$(BIN)/python -m scripts.supply_chain.licence_table

sbom: $(READY) ## Build the wheel and its list of parts (CycloneDX 1.6) into build/sbom
	@$(BIN)/python -m scripts.supply_chain.sbom
