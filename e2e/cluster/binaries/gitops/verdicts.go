package main

import (
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	argohealth "github.com/argoproj/gitops-engine/pkg/health"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// health judges as the application controller does with the script in argocd-cm: without Lua's standard libraries.
func health(asked request) (any, error) {
	key := lua.GetConfigMapKey(asked.Object.GroupVersionKind())
	overrides := lua.ResourceHealthOverrides{key: v1alpha1.ResourceOverride{HealthLua: asked.Script}}
	found, err := argohealth.GetResourceHealth(asked.Object, overrides)
	if err != nil || found == nil {
		return nil, err
	}
	return verdict{string(found.Status), found.Message}, nil
}

// kstatus judges as Flux, kpt and `helm --wait` do.
func kstatus(asked request) (any, error) {
	found, err := status.Compute(asked.Object)
	if err != nil {
		return nil, err
	}
	return verdict{string(found.Status), found.Message}, nil
}
