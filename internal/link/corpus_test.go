package link_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"utkik/internal/call"
	"utkik/internal/link"
)

// corpus gives the real calls of the corpus under the sources that publish them: the corpus keeps the Swedish
// authorities' calls together, and the government's referrals with its memos.
func corpus(t testing.TB) []call.Call {
	t.Helper()
	calls, err := readCorpus()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the corpus is needed in CI: %v", err)
		}
		t.Skipf("SKIPPED, NOT PASSED: the corpus is missing; put the shared material beside the project to run this test: %v", err)
	}
	return calls
}

var readCorpus = sync.OnceValues(func() ([]call.Call, error) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "calls.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var out []call.Call
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c, err := call.Decode(lines.Bytes())
		if err != nil {
			return nil, err
		}
		c.Source = publisher(&c)
		out = append(out, c)
	}
	return out, lines.Err()
})

// corpusFacts are read once for all tests: that is most of what they cost.
var corpusFacts = sync.OnceValue(func() []link.Facts {
	calls, err := readCorpus()
	if err != nil {
		return nil // corpus has said so
	}
	facts := make([]link.Facts, len(calls))
	for i := range calls {
		facts[i] = link.Read(&calls[i])
	}
	return facts
})

// publisher is the source under which the program reads an item of the corpus.
func publisher(c *call.Call) string {
	switch {
	case c.Source == "remisser" && c.Kind == call.KindNews:
		return "faktapromemorior"
	case c.Source != "swedish-calls":
		return c.Source
	case strings.Contains(c.URL, "energimyndigheten"):
		return "energimyndigheten"
	case strings.Contains(c.URL, "formas"):
		return "formas"
	}
	return "tillvaxtverket"
}

// What is found in the whole corpus, to be read by a person: doc/links.md tells what was seen.
func TestCorpus(t *testing.T) {
	t.Parallel()
	corpus(t)
	var b strings.Builder
	for _, l := range link.Find(corpusFacts()) {
		fmt.Fprintf(&b, "%s by %s %d: %s %s\n", l.Relation, l.Reason.By, l.Strength, l.A, l.B)
	}
	golden(t, "corpus.golden", b.String())
}

func BenchmarkRead(b *testing.B) {
	calls := corpus(b)
	for b.Loop() {
		for i := range calls {
			link.Read(&calls[i])
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(calls))/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkFind(b *testing.B) {
	calls := corpus(b)
	facts := corpusFacts()
	for b.Loop() {
		link.Find(facts)
	}
	b.ReportMetric(float64(b.N)*float64(len(calls))/b.Elapsed().Seconds(), "calls/s")
}
