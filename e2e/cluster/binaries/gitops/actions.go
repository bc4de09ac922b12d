package main

import (
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
)

// withActions is Argo CD with the actions of a kind as argocd-cm has them.
func withActions(asked request) lua.VM {
	key := lua.GetConfigMapKey(asked.Object.GroupVersionKind())
	return lua.VM{ResourceOverrides: map[string]v1alpha1.ResourceOverride{key: {Actions: asked.Actions}}}
}

// discover lists the actions that Argo CD offers for an object, by name.
func discover(asked request) (any, error) {
	vm := withActions(asked)
	scripts, err := vm.GetResourceActionDiscovery(asked.Object)
	if err != nil {
		return nil, err
	}
	found, err := vm.ExecuteResourceActionDiscovery(asked.Object, scripts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b v1alpha1.ResourceAction) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// act runs an action and tells what Argo CD would patch or create.
func act(asked request) (any, error) {
	vm := withActions(asked)
	action, err := vm.GetResourceAction(asked.Object, asked.Action)
	if err != nil {
		return nil, err
	}
	return vm.ExecuteResourceAction(asked.Object, action.ActionLua, nil)
}
