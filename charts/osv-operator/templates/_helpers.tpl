{{/* Name of the chart's objects; also part of the names of cluster-wide ones, so it holds the release's name. */}}
{{- define "osv-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What tells the operator's pods from all others; must not change between versions. */}}
{{- define "osv-operator.selectorLabels" -}}
app.kubernetes.io/name: osv-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "osv-operator.labels" -}}
{{ include "osv-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name of a service account: (list $ "operator") */}}
{{- define "osv-operator.serviceAccountName" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $account := (index $root.Values $component).serviceAccount -}}
{{- $made := include "osv-operator.fullname" $root -}}
{{- if ne $component "operator" -}}
{{- $made = printf "%s-%s" $made $component -}}
{{- end -}}
{{- if $account.create -}}
{{- default $made $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{/* Reference of an image: (list $ .Values.operator.image) */}}
{{- define "osv-operator.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Files of the builder's ConfigMap; empty where nothing is set. Their place in the container is the operator's choice. */}}
{{- define "osv-operator.builderConfiguration" -}}
{{- $builder := .Values.builder -}}
{{- if or $builder.apt.sources $builder.apt.configuration $builder.certificates -}}
apt.conf: |
  {{- if $builder.apt.sources }}
  Dir::Etc::sourcelist "/etc/osv-builder/debian.sources";
  Dir::Etc::sourceparts "/dev/null";
  {{- end }}
  {{- if $builder.certificates }}
  Acquire::https::CAInfo "/etc/osv-builder/authorities.crt";
  {{- end }}
  {{- with $builder.apt.configuration }}
  {{- . | nindent 2 }}
  {{- end }}
{{- with $builder.apt.sources }}
debian.sources: |
  {{- . | nindent 2 }}
{{- end }}
{{- with $builder.certificates }}
authorities.crt: |
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Rights of the operator on what belongs to OsvApps, in the namespaces that it serves. */}}
{{- define "osv-operator.appRules" -}}
- apiGroups: [osvapp.dev]
  resources: [osvapps]
  verbs: [list, watch, patch]
- apiGroups: [osvapp.dev]
  resources: [osvapps/status]
  verbs: [patch]
# For owner references that block the owner's deletion, where an admission plugin asks for it (OpenShift).
- apiGroups: [osvapp.dev]
  resources: [osvapps/finalizers]
  verbs: [update]
- apiGroups: [kubevirt.io]
  resources: [virtualmachineinstances]
  verbs: [list, watch, delete]
- apiGroups: [kubevirt.io]
  resources: [virtualmachineinstancereplicasets, virtualmachines]
  verbs: [list, watch, create, patch, delete]
# The volumes of instances; never deleted. No list and no watch.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch, create, patch, delete]
# What guests boot with, and what an OsvApp names. No list and no watch.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [list, watch, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
