package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	argodiff "github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// cluster applies and compares objects as Argo CD's sync and application controller do. It connects when it is needed.
type cluster struct {
	kubeconfig string
	parser     *managedfields.GvkParser
	operations kube.ResourceOperations
	dryRunner  diff.KubeApplier
	cleanups   []func()
}

func (c *cluster) connect() error {
	if c.operations != nil {
		return nil
	}
	if c.kubeconfig == "" {
		return errors.New("this needs -kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 100
	return c.load(config)
}

func (c *cluster) load(config *rest.Config) error {
	kubectl := &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}
	schema, parser, err := kubectl.LoadOpenAPISchema(config)
	if err != nil {
		return err
	}
	operations, cleanup, err := kubectl.ManageResources(config, schema)
	if err != nil {
		return err
	}
	c.cleanups = append(c.cleanups, cleanup)
	dryRunner, cleanup, err := kube.ManageServerSideDiffDryRuns(config, schema, tracing.NopTracer{}, logr.Discard(), nil)
	if err != nil {
		return err
	}
	c.cleanups = append(c.cleanups, cleanup)
	c.parser, c.operations, c.dryRunner = parser, operations, dryRunner
	return nil
}

func (c *cluster) close() {
	for _, cleanup := range c.cleanups {
		cleanup()
	}
}

// apply does what a sync does with one object.
func (c *cluster) apply(asked request) (any, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	return c.operations.ApplyResource(context.Background(), asked.Desired, cmdutil.DryRunNone, false, true, asked.ServerSide, common.ArgoCDSSAManager)
}

type difference struct {
	OutOfSync bool `json:"outOfSync"`
	// What is there, and what would be there after a sync.
	Live      json.RawMessage `json:"live"`
	Predicted json.RawMessage `json:"predicted"`
}

// diff tells whether Argo CD would call the object OutOfSync.
func (c *cluster) diff(asked request) (any, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	ignored := []v1alpha1.ResourceIgnoreDifferences{}
	if len(asked.IgnoreDifferences) > 0 {
		if err := json.Unmarshal(asked.IgnoreDifferences, &ignored); err != nil {
			return nil, err
		}
	}
	config, err := argodiff.NewDiffConfigBuilder().
		WithDiffSettings(ignored, map[string]v1alpha1.ResourceOverride{}, false, normalizers.IgnoreNormalizerOpts{}).
		WithTracking(common.LabelKeyAppInstance, string(v1alpha1.TrackingMethodAnnotation)).
		WithNoCache().
		WithLogger(logr.Discard()).
		WithGVKParser(c.parser).
		WithManager(common.ArgoCDSSAManager).
		WithServerSideDiff(asked.ServerSide).
		WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(c.dryRunner)).
		Build()
	if err != nil {
		return nil, err
	}
	found, err := argodiff.StateDiff(asked.Object, asked.Desired, config)
	if err != nil {
		return nil, err
	}
	return difference{found.Modified, found.NormalizedLive, found.PredictedLive}, nil
}
