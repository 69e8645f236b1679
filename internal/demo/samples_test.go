package demo

import (
	"strings"
	"testing"
)

// TestReadSamples refuses what a slip of the pen makes of the file.
func TestReadSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, want string }{
		{"as it is", string(samplesFile), ""},
		{"unknown key", "topics:\n  - {number: \"1\", deadline: 2026-01-01}\n", "field deadline not found"},
		{"unknown programme", "topics:\n  - {identifier: X, programme: HORIZONT, status: open}\n", `X: unknown programme "HORIZONT"`},
		{"unknown division", "topics:\n  - {identifier: X, status: open, divisions: [\"5\"]}\n", `X: unknown division "5"`},
		{"unknown status", "cascades:\n  - {identifier: X, status: oppen}\n", `X: unknown status "oppen"`},
		{"two documents", "topics: []\n---\ntopics: []\n", "more than one document"},
		{"not YAML", "topics: [", "samples: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readSamples([]byte(c.file))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}
