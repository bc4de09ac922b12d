// Command reference makes the children that the operator makes, as operators in Go do it with controller-runtime: what
// `npm run bench:operator -- --reference` compares with.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	hashAnnotation = "example.io/hash"
	managedBy      = "app.kubernetes.io/managed-by"
	// In the templates it stands where the name of the resource belongs.
	placeholder = "placeholder"
)

var resourceKind = schema.GroupVersionKind{Group: "cctelegram.io", Version: "v1alpha1", Kind: "CCTelegramDeployment"}

var childTypes = []client.Object{
	&appsv1.Deployment{}, &appsv1.StatefulSet{}, &corev1.Service{}, &corev1.ServiceAccount{}, &corev1.Secret{},
	&autoscalingv2.HorizontalPodAutoscaler{}, &policyv1.PodDisruptionBudget{}, &networkingv1.NetworkPolicy{},
}

type reconciler struct {
	client.Client
	templates []json.RawMessage
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	owner := newResource()
	if err := r.Get(ctx, request.NamespacedName, owner); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !owner.GetDeletionTimestamp().IsZero() {
		return ctrl.Result{}, nil
	}
	for _, template := range r.templates {
		if err := r.ensure(ctx, owner, template); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.updateStatus(ctx, owner)
}

// ensure creates a child, or updates one whose template has changed. A hash of the template tells, because the API server
// adds defaults to what it stores.
func (r *reconciler) ensure(ctx context.Context, owner *unstructured.Unstructured, template json.RawMessage) error {
	text := bytes.ReplaceAll(template, []byte(placeholder), []byte(owner.GetName()))
	object, kind, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if err != nil {
		return err
	}
	desired := object.(client.Object)
	sum := sha256.Sum256(text)
	hash := hex.EncodeToString(sum[:8])
	annotations := desired.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[hashAnnotation] = hash
	desired.SetAnnotations(annotations)
	desired.SetNamespace(owner.GetNamespace())
	if err := controllerutil.SetControllerReference(owner, desired, r.Scheme()); err != nil {
		return err
	}
	empty, err := r.Scheme().New(*kind)
	if err != nil {
		return err
	}
	live := empty.(client.Object)
	err = r.Get(ctx, client.ObjectKeyFromObject(desired), live)
	if apierrors.IsNotFound(err) {
		return r.Create(ctx, desired)
	}
	if err != nil {
		return err
	}
	if !metav1.IsControlledBy(live, owner) {
		return fmt.Errorf("%s %s belongs to somebody else", kind.Kind, live.GetName())
	}
	if live.GetAnnotations()[hashAnnotation] == hash {
		return nil
	}
	desired.SetResourceVersion(live.GetResourceVersion())
	return r.Update(ctx, desired)
}

func (r *reconciler) updateStatus(ctx context.Context, owner *unstructured.Unstructured) error {
	deployment, bridge := &appsv1.Deployment{}, &appsv1.StatefulSet{}
	key := func(suffix string) client.ObjectKey {
		return client.ObjectKey{Namespace: owner.GetNamespace(), Name: owner.GetName() + suffix}
	}
	if err := r.Get(ctx, key("-mcp-server"), deployment); client.IgnoreNotFound(err) != nil {
		return err
	}
	if err := r.Get(ctx, key("-bridge"), bridge); client.IgnoreNotFound(err) != nil {
		return err
	}
	status, reason := "False", "PodsStarting"
	if deployment.Status.AvailableReplicas > 0 && bridge.Status.ReadyReplicas > 0 {
		status, reason = "True", "AllWell"
	}
	conditions, _, _ := unstructured.NestedSlice(owner.Object, "status", "conditions")
	for _, each := range conditions {
		condition, ok := each.(map[string]any)
		if ok && condition["type"] == "Ready" && condition["status"] == status {
			return nil
		}
	}
	before := owner.DeepCopy()
	ready := map[string]any{
		"type": "Ready", "status": status, "reason": reason, "message": reason,
		"lastTransitionTime": metav1.Now().UTC().Format("2006-01-02T15:04:05Z"),
		"observedGeneration": owner.GetGeneration(),
	}
	if err := unstructured.SetNestedSlice(owner.Object, []any{ready}, "status", "conditions"); err != nil {
		return err
	}
	return r.Status().Patch(ctx, owner, client.MergeFrom(before))
}

func newResource() *unstructured.Unstructured {
	resource := &unstructured.Unstructured{}
	resource.SetGroupVersionKind(resourceKind)
	return resource
}

func run() error {
	templates := flag.String("templates", "", "file with the children of a resource, as a JSON array")
	probes := flag.String("probes", "127.0.0.1:0", "address of /readyz")
	metrics := flag.String("metrics", "0", "address of the metrics; 0: none")
	concurrency := flag.Int("concurrency", 8, "reconciles at a time")
	flag.Parse()
	ctrl.SetLogger(zap.New())

	content, err := os.ReadFile(*templates)
	if err != nil {
		return err
	}
	r := &reconciler{}
	if err := json.Unmarshal(content, &r.templates); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.UserAgent = "cctelegram-reference"
	// The API server's own flow control is enough, as for the operator.
	config.QPS = -1
	managed := labels.SelectorFromSet(labels.Set{managedBy: "cctelegram-operator"})
	byObject := map[client.Object]cache.ByObject{}
	for _, child := range childTypes {
		byObject[child] = cache.ByObject{Label: managed}
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme.Scheme,
		Cache:                  cache.Options{ByObject: byObject},
		Client:                 client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                server.Options{BindAddress: *metrics},
		HealthProbeBindAddress: *probes,
	})
	if err != nil {
		return err
	}
	r.Client = manager.GetClient()
	builder := ctrl.NewControllerManagedBy(manager).
		For(newResource()).
		WithOptions(controller.Options{MaxConcurrentReconciles: *concurrency})
	for _, child := range childTypes {
		builder = builder.Owns(child)
	}
	if err := builder.Complete(r); err != nil {
		return err
	}
	synced := func(_ *http.Request) error {
		if !manager.GetCache().WaitForCacheSync(context.Background()) {
			return fmt.Errorf("the caches are not filled yet")
		}
		return nil
	}
	if err := manager.AddReadyzCheck("caches", healthz.Checker(synced)); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
