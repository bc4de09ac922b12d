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

{{- define "operator.name" -}}
{{- if contains "cctelegram-operator" .Release.Name }}{{ .Release.Name | trunc 50 }}{{ else }}{{ printf "%s-cctelegram-operator" (.Release.Name | trunc 30) }}{{ end -}}
{{- end }}
