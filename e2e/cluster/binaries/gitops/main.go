// Answers what GitOps tools say of objects, with their own code: Argo CD's Lua, health, apply and diff, and kstatus.
// It reads one request a line and writes one answer a line, so that many objects cost one process.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// request names what to do and with what; which fields count depends on Do.
type request struct {
	Do string `json:"do"`
	// The object as the cluster has it.
	Object *unstructured.Unstructured `json:"object,omitempty"`
	// The object as Git has it.
	Desired *unstructured.Unstructured `json:"desired,omitempty"`
	// resource.customizations.health of argocd-cm.
	Script string `json:"script,omitempty"`
	// resource.customizations.actions of argocd-cm, and the name of one of them.
	Actions string `json:"actions,omitempty"`
	Action  string `json:"action,omitempty"`
	// A folder as resource_customizations/GROUP/KIND.
	Folder string `json:"folder,omitempty"`
	// Three-way merge by the client, or server-side apply.
	ServerSide bool `json:"serverSide,omitempty"`
	// How Argo CD is told which fields to ignore: JSON of spec.ignoreDifferences.
	IgnoreDifferences json.RawMessage `json:"ignoreDifferences,omitempty"`
}

// answer is a result or an error, never both.
type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

type handler func(request) (any, error)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "of the cluster in which objects are applied and compared")
	flag.Parse()
	cluster := &cluster{kubeconfig: *kubeconfig}
	handlers := map[string]handler{
		"health":   health,
		"kstatus":  kstatus,
		"discover": discover,
		"act":      act,
		"test":     test,
		"apply":    cluster.apply,
		"diff":     cluster.diff,
	}
	err := serve(os.Stdin, os.Stdout, handlers)
	cluster.close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, handlers map[string]handler) error {
	decoder := json.NewDecoder(bufio.NewReader(in))
	encoder := json.NewEncoder(out)
	for {
		var asked request
		if err := decoder.Decode(&asked); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("cannot read a request: %w", err)
		}
		handle, known := handlers[asked.Do]
		if !known {
			return fmt.Errorf("there is nothing to do by the name %q", asked.Do)
		}
		result, err := handle(asked)
		given := answer{Result: result}
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := encoder.Encode(given); err != nil {
			return fmt.Errorf("cannot write an answer: %w", err)
		}
	}
}
