// What Istio's own analyzers say of worlds in files: one JSON line with a world in, one with its messages out.
//
// `istioctl analyze --use-kube=false` skips every analyzer that looks at Pods, Services, Namespaces, Nodes or Secrets, even where the
// files hold them. This calls the same analyzers through the entrance that their own tests use, so that all of them are asked.
// It is built inside a module that requires istio.io/istio (see tests/agree/genuine.rs) and is no part of the product.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"

	"istio.io/istio/pkg/config/analysis/analyzers"
	_ "istio.io/istio/pkg/config/validation/envoyfilter"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/log"
)

type world struct {
	Id    string   `json:"id"`
	Files []string `json:"files"`
	Mesh  string   `json:"mesh"`
}

type message struct {
	Code      string `json:"code"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Says      string `json:"says"`
}

type answer struct {
	Id       string    `json:"id"`
	Messages []message `json:"messages"`
	Error    string    `json:"error"`
}

func ask(w world) answer {
	out := answer{Id: w.Id, Messages: []message{}}
	sa := local.NewSourceAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	var readers []local.ReaderSource
	for _, file := range w.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			out.Error = err.Error()
			return out
		}
		readers = append(readers, local.ReaderSource{Name: file, Reader: strings.NewReader(string(text))})
	}
	if err := sa.AddTestReaderKubeSource(readers); err != nil {
		out.Error = err.Error()
	}
	if w.Mesh != "" {
		if err := sa.AddFileKubeMeshConfig(w.Mesh); err != nil {
			out.Error = err.Error()
		}
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := sa.Analyze(cancel)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	for _, m := range result.Messages {
		said := message{Code: m.Type.Code(), Says: m.String()}
		if m.Resource != nil {
			said.Kind = m.Resource.Metadata.Schema.Kind()
			said.Namespace = m.Resource.Metadata.FullName.Namespace.String()
			said.Name = m.Resource.Metadata.FullName.Name.String()
		}
		out.Messages = append(out.Messages, said)
	}
	return out
}

func main() {
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var w world
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			panic(err)
		}
		if err := encoder.Encode(ask(w)); err != nil {
			panic(err)
		}
	}
}
