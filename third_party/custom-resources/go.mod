// Modules whose definitions of custom resources `make k8s-check` validates manifests with; nothing of them is built.
module schemaregistry/third_party/custom-resources

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
