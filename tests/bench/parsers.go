// Times the parsers of VictoriaMetrics and of Prometheus over the same statistics that `bench proxies` reads:
//
//	NETLOFT_BENCH_KEEP=/tmp/texts cargo run --release -p bench -- proxies
//	mkdir /tmp/parsers && cp tests/bench/parsers.go /tmp/parsers/main.go && cd /tmp/parsers && go mod init parsers
//	go get github.com/prometheus/prometheus/model/textparse github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus
//	go run . /tmp/texts/stats-*.txt
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

func main() {
	log.SetFlags(0)
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		runs := 31
		if len(text) > 100<<20 {
			runs = 9
		}
		var rows prometheus.Rows
		whole := string(text)
		timed(path, "VictoriaMetrics, rows reused", len(text), runs, func() int {
			rows.Reset()
			rows.UnmarshalWithErrLogger(whole, nil)
			return len(rows.Rows)
		})
		timed(path, "Prometheus, names and values", len(text), runs, func() int { return parsed(text, false) })
		timed(path, "Prometheus, labels too", len(text), runs, func() int { return parsed(text, true) })
	}
}

func parsed(text []byte, withLabels bool) int {
	parser := textparse.NewPromParser(text, labels.NewSymbolTable(), false)
	samples := 0
	var kept labels.Labels
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return samples
		}
		if err != nil {
			log.Fatal(err)
		}
		if entry == textparse.EntrySeries {
			parser.Series()
			if withLabels {
				parser.Labels(&kept)
			}
			samples++
		}
	}
}

func timed(path, what string, size, runs int, run func() int) {
	samples := run()
	millis := make([]float64, 0, runs)
	for range runs {
		start := time.Now()
		run()
		millis = append(millis, float64(time.Since(start).Microseconds())/1e3)
	}
	slices.Sort(millis)
	middle := millis[len(millis)/2]
	fmt.Printf("%s %s: %.2f ms (%.2f to %.2f, n=%d), %d samples, %.0f MB/s\n",
		path, what, middle, millis[0], millis[len(millis)-1], runs, samples, float64(size)/middle/1e3)
}
