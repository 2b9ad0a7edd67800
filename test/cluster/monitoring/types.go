// Package monitoring keeps the types from which controller-gen writes the definitions in go.mod.
package monitoring

import _ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
