package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/gitops-engine/pkg/diff"
	argohealth "github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// What Argo CD's repository expects in health_test.yaml and actions/action_test.yaml of a kind's folder.
type (
	healthTests struct {
		Tests []struct {
			InputPath    string                  `json:"inputPath"`
			HealthStatus argohealth.HealthStatus `json:"healthStatus"`
		} `json:"tests"`
	}
	actionTests struct {
		DiscoveryTests []discoveryTest `json:"discoveryTests"`
		ActionTests    []actionTest    `json:"actionTests"`
	}
	discoveryTest struct {
		InputPath string                    `json:"inputPath"`
		Result    []v1alpha1.ResourceAction `json:"result"`
	}
	actionTest struct {
		Action             string `json:"action"`
		InputPath          string `json:"inputPath"`
		ExpectedOutputPath string `json:"expectedOutputPath"`
	}
	outcome struct {
		Name    string `json:"name"`
		Failure string `json:"failure,omitempty"`
	}
)

// test runs the tests of a folder as Argo CD's repository would, and stricter: all actions have to be listed.
func test(asked request) (any, error) {
	ofHealth, err := testHealth(asked.Folder)
	if err != nil {
		return nil, err
	}
	ofActions, err := testActions(filepath.Join(asked.Folder, "actions"))
	return slices.Concat(ofHealth, ofActions), err
}

func testHealth(folder string) ([]outcome, error) {
	var tests healthTests
	if err := readYaml(filepath.Join(folder, "health_test.yaml"), &tests); err != nil {
		return nil, err
	}
	script, err := os.ReadFile(filepath.Join(folder, "health.lua"))
	if err != nil {
		return nil, err
	}
	vm := lua.VM{UseOpenLibs: true}
	outcomes := []outcome{}
	for _, each := range tests.Tests {
		object, err := readObject(filepath.Join(folder, each.InputPath))
		if err != nil {
			return nil, err
		}
		found, err := vm.ExecuteHealthLua(object, string(script))
		failure := message(err)
		if err == nil && *found != each.HealthStatus {
			failure = fmt.Sprintf("expected %+v, found %+v", each.HealthStatus, *found)
		}
		outcomes = append(outcomes, outcome{"health/" + each.InputPath, failure})
	}
	return outcomes, nil
}

func testActions(folder string) ([]outcome, error) {
	var tests actionTests
	if err := readYaml(filepath.Join(folder, "action_test.yaml"), &tests); err != nil {
		return nil, err
	}
	outcomes := []outcome{}
	for _, each := range tests.DiscoveryTests {
		outcomes = append(outcomes, outcome{"discovery/" + each.InputPath, message(testDiscovery(folder, each))})
	}
	for _, each := range tests.ActionTests {
		name := "actions/" + each.Action + "/" + each.InputPath
		outcomes = append(outcomes, outcome{name, message(testAction(folder, each))})
	}
	return outcomes, nil
}

func testDiscovery(folder string, each discoveryTest) error {
	object, script, err := readBoth(folder, each.InputPath, "discovery.lua")
	if err != nil {
		return err
	}
	vm := lua.VM{UseOpenLibs: true}
	found, err := vm.ExecuteResourceActionDiscovery(object, []string{script})
	if err != nil {
		return err
	}
	isExpected := func(action v1alpha1.ResourceAction) bool {
		return slices.ContainsFunc(each.Result, func(other v1alpha1.ResourceAction) bool { return reflect.DeepEqual(action, other) })
	}
	if len(found) != len(each.Result) || !slices.ContainsFunc(found, isExpected) || slices.ContainsFunc(found, not(isExpected)) {
		return fmt.Errorf("expected %+v, found %+v", each.Result, found)
	}
	return nil
}

func testAction(folder string, each actionTest) error {
	object, script, err := readBoth(folder, each.InputPath, filepath.Join(each.Action, "action.lua"))
	if err != nil {
		return err
	}
	expected, err := readObject(filepath.Join(folder, each.ExpectedOutputPath))
	if err != nil {
		return err
	}
	impacted, err := lua.VM{}.ExecuteResourceAction(object, script, nil)
	if err != nil {
		return err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return fmt.Errorf("expected one patch, found %+v", impacted)
	}
	compared, err := diff.Diff(expected, impacted[0].UnstructuredObj)
	if err != nil {
		return err
	}
	if compared.Modified {
		return fmt.Errorf("expected %s, found %s", compared.PredictedLive, compared.NormalizedLive)
	}
	return nil
}

func not[T any](holds func(T) bool) func(T) bool {
	return func(value T) bool { return !holds(value) }
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func readBoth(folder, object, script string) (*unstructured.Unstructured, string, error) {
	found, err := readObject(filepath.Join(folder, object))
	if err != nil {
		return nil, "", err
	}
	text, err := os.ReadFile(filepath.Join(folder, script))
	return found, string(text), err
}

func readObject(path string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	var content json.RawMessage
	if err := readYaml(path, &content); err != nil {
		return nil, err
	}
	return object, object.UnmarshalJSON(content)
}

func readYaml(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
