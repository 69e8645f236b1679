package bench

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"

	"utkik/config"
	"utkik/internal/call"
)

// everything gives the whole corpus and how many bytes of text it has.
func everything(b *testing.B) (calls []call.Call, size int) {
	b.Helper()
	corpus(b, func(c *call.Call) {
		calls = append(calls, *c)
		size += len(c.Title) + len(c.Text)
	})
	return calls, size
}

// queries gives the questions that the index's own benchmark asks: one to four words, joined by AND.
func queries() [][]string {
	words := strings.Fields(`energy climate hydrogen transport rail arctic forest culture health digital skills youth
		education regional cohesion biodiversity innovation research infrastructure mobility energi klimat miljö skog
		hälsa kultur utbildning kompetensförsörjning vatten trafik`)
	rnd := rand.New(rand.NewPCG(3, 4))
	out := make([][]string, 200)
	for i := range out {
		out[i] = make([]string, 1+rnd.IntN(4))
		for k := range out[i] {
			out[i][k] = words[rnd.IntN(len(words))]
		}
	}
	return out
}

// six are the fields that are counted with every search.
var six = []string{"status", "kind", "programme", "source", "language", "call"}

func field(c *call.Call, name string) string {
	switch name {
	case "status":
		return string(c.Status)
	case "kind":
		return string(c.Kind)
	case "programme":
		return c.Programme
	case "source":
		return c.Source
	case "language":
		return c.Language
	}
	return c.Call
}

// BenchmarkPlainBleve does with Bleve, used as its guide says, what the index does with it: the corpus indexed in
// batches of 500, then the same questions with six facets and highlights. It finds less: words are not stemmed, and
// compounds are not split.
func BenchmarkPlainBleve(b *testing.B) {
	calls, size := everything(b)
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "bleve")
		keyword, document := bleve.NewKeywordFieldMapping(), bleve.NewDocumentMapping()
		for _, f := range six {
			document.AddFieldMappingsAt(f, keyword)
		}
		mapping := bleve.NewIndexMapping()
		mapping.DefaultMapping = document
		x, err := bleve.New(dir, mapping)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		batch := x.NewBatch()
		for i := range calls {
			c := &calls[i]
			doc := map[string]any{"title": c.Title, "text": c.Text}
			for _, f := range six {
				doc[f] = field(c, f)
			}
			if err := batch.Index(c.Key().String(), doc); err != nil {
				b.Fatal(err)
			}
			if batch.Size() == 500 || i == len(calls)-1 {
				if err := x.Batch(batch); err != nil {
					b.Fatal(err)
				}
				batch.Reset()
			}
		}
		rate := float64(len(calls)) / time.Since(began).Seconds()
		var and, or []float64
		ask := func(q query.Query) float64 {
			ask := bleve.NewSearchRequest(q)
			ask.Highlight = bleve.NewHighlight()
			for _, f := range six {
				ask.AddFacet(f, bleve.NewFacetRequest(f, 20))
			}
			began := time.Now()
			if _, err := x.SearchInContext(b.Context(), ask); err != nil {
				b.Fatal(err)
			}
			return float64(time.Since(began).Microseconds()) / 1000
		}
		for _, words := range queries() {
			all, any := bleve.NewConjunctionQuery(), bleve.NewDisjunctionQuery()
			for _, w := range words {
				all.AddQuery(bleve.NewMatchQuery(w))
				any.AddQuery(bleve.NewMatchQuery(w))
			}
			and, or = append(and, ask(all)), append(or, ask(any))
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(rate, "calls/s")
		b.ReportMetric(float64(disk(b, dir))/float64(size), "of-text")
		for name, took := range map[string][]float64{"and": and, "or": or} {
			b.ReportMetric(median(took), name+"-median-ms")
			b.ReportMetric(took[len(took)*99/100], name+"-p99-ms") // median has sorted them
		}
		b.ReportMetric(0, "ns/op") // says nothing here
	}
}

// BenchmarkPlainScan searches without an index: every text in lower case is looked through for the words, and the
// six fields of what is found are counted.
func BenchmarkPlainScan(b *testing.B) {
	calls, _ := everything(b)
	texts := make([]string, len(calls))
	for i := range calls {
		texts[i] = strings.ToLower(calls[i].Title + "\n" + calls[i].Text)
	}
	asked := queries()
	i, found := 0, 0
	for b.Loop() {
		words := asked[i%len(asked)]
		counts := map[string]int{}
		for k, t := range texts {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(t, w) }) {
				found++
				for _, f := range six {
					counts[f+"\x00"+field(&calls[k], f)]++
				}
			}
		}
		i++
	}
	if found == 0 {
		b.Fatal("nothing was found")
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(i), "ms")
}

// BenchmarkPlainMatch looks for every term of the plan in every call, as a string in its text in lower case, without
// words, quotes or weights.
func BenchmarkPlainMatch(b *testing.B) {
	calls, _ := everything(b)
	name := "../../config/plans/rvn-2020.yaml"
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	p, err := config.DecodePlan(name, data)
	if err != nil {
		b.Fatal(err)
	}
	var terms []string
	for _, priority := range p.Priorities {
		for _, t := range priority.Vocabulary {
			for _, s := range append(slices.Clone(t.EN), t.SV) {
				if s = strings.ToLower(strings.Trim(s, "*")); s != "" {
					terms = append(terms, s)
				}
			}
		}
	}
	i, found := 0, 0
	for b.Loop() {
		c := &calls[i%len(calls)]
		t := strings.ToLower(c.Title + "\n" + c.Text)
		for _, term := range terms {
			if strings.Contains(t, term) {
				found++
			}
		}
		i++
	}
	if found == 0 {
		b.Fatal("nothing was found")
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(len(terms)), "terms")
}

func disk(b *testing.B, dir string) (n int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("size of the index: %v", err)
		}
		n += info.Size()
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
