package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	jsonpatch "github.com/evanphx/json-patch"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// patch is what Argo CD sends to the API server, as a merge patch.
type patch struct {
	Operation lua.K8SOperation `json:"operation"`
	Patch     json.RawMessage  `json:"patch"`
}

// act runs an action and tells what Argo CD would send.
func act(asked request) (any, error) {
	vm := withActions(asked)
	action, err := vm.GetResourceAction(asked.Object, asked.Action)
	if err != nil {
		return nil, err
	}
	impacted, err := vm.ExecuteResourceAction(asked.Object, action.ActionLua, nil)
	if err != nil {
		return nil, err
	}
	patches := []patch{}
	for _, each := range impacted {
		difference, err := mergePatch(asked.Object, each.UnstructuredObj)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch{each.K8SOperation, difference})
	}
	return patches, nil
}

func mergePatch(before, after *unstructured.Unstructured) ([]byte, error) {
	from, err := before.MarshalJSON()
	if err != nil {
		return nil, err
	}
	to, err := after.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return jsonpatch.CreateMergePatch(from, to)
}
