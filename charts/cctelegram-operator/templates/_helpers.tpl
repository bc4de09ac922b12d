{{- define "operator.labels" -}}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: cctelegram-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A name of at most so many characters. A shortened name ends in a hash, to stay unique. */}}
{{- define "operator.fitted" -}}
{{- if gt (len .text) (int .most) -}}
{{ printf "%s-%s" (.text | trunc (sub (int .most) 9 | int) | trimSuffix "-") (.text | sha256sum | trunc 8) }}
{{- else -}}
{{ .text }}
{{- end -}}
{{- end }}

{{- define "operator.name" -}}
{{- $name := ternary .Release.Name (printf "%s-cctelegram-operator" .Release.Name) (contains "cctelegram-operator" .Release.Name) -}}
{{ include "operator.fitted" (dict "text" $name "most" 50) }}
{{- end }}

{{/* Name of cluster-scoped objects, unique for releases of the same name in two namespaces. */}}
{{- define "operator.clusterName" -}}
{{ include "operator.fitted" (dict "text" (printf "%s.%s" .Release.Namespace (include "operator.name" .)) "most" 63) }}
{{- end }}

{{- define "operator.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .appVersion }}
{{- end -}}
{{- end }}

{{/* Checking tokens takes cluster-wide rights, which an operator with watchNamespaces does not have. */}}
{{- define "operator.authenticatesMetrics" -}}
{{- if and .Values.metrics.authentication (not .Values.watchNamespaces) }}true{{ end -}}
{{- end }}

{{- define "operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "operator.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* The operator's rights in the namespaces that it serves. The tests check that it uses each of these verbs. */}}
{{- define "operator.rules" -}}
- apiGroups: [cctelegram.io]
  resources: [cctelegramdeployments]
  verbs: [list, watch]
- apiGroups: [cctelegram.io]
  resources: [cctelegramdeployments/status]
  verbs: [patch]
# Schedules make backups, and delete those whose time has passed; an upgrade may ask for one before it.
- apiGroups: [cctelegram.io]
  resources: [cctelegrambackups]
  verbs: [list, watch, create, delete]
- apiGroups: [cctelegram.io]
  resources: [cctelegrambackups/status]
  verbs: [patch]
# A backup is made by a Job, which is created once and never changed.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create]
# To write the default of server.replicas.
- apiGroups: [cctelegram.io]
  resources: [cctelegramdeployments/scale]
  verbs: [patch]
# Required for owner references that block deletion, where that is enforced, as on OpenShift.
- apiGroups: [cctelegram.io]
  resources: [cctelegramdeployments/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
# Servers of a version that has given way.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# The templates of former versions.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, create, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
# The operator deletes children that a changed resource no longer needs; garbage collection deletes the others with the resource.
- apiGroups: [""]
  resources: [secrets, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies, ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
# The addresses of Gateways.
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways]
  verbs: [list, watch]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors, prometheusrules]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, patch, delete]
# What variables of pods refer to.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch]
# To grow the volumes of queues.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, patch]
# Why pods do not start.
- apiGroups: [""]
  resources: [pods, events]
  verbs: [list, watch]
# A server pod that fails where others do not is replaced.
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* The Lease by which operators find each other. */}}
{{- define "operator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [cctelegram-operator]
  verbs: [get, update]
{{- end }}
