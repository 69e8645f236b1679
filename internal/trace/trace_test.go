package trace_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"utkik/internal/trace"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := slog.New(trace.Handler(slog.NewJSONHandler(&b, nil))).With("source", "ft-portal")
	ctx := trace.With(t.Context(), "job-7-1")
	log.InfoContext(ctx, "run started")
	log.WithGroup("more").WarnContext(ctx, "slow")
	log.InfoContext(t.Context(), "nobody's")
	log.Info("nobody's")
	var got []string
	for line := range strings.Lines(b.String()) {
		var v struct {
			Trace  string `json:"trace"`
			Source string `json:"source"`
			More   struct {
				Trace string `json:"trace"`
			} `json:"more"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		got = append(got, v.Source+" "+v.Trace+v.More.Trace)
	}
	if want := "ft-portal job-7-1,ft-portal job-7-1,ft-portal ,ft-portal "; strings.Join(got, ",") != want {
		t.Errorf("got  %q\nwant %q", strings.Join(got, ","), want)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"7f0c1f2e-7d57-4d2b-9a8a-3c1f5f0f0a11": true, "a": true, "Root=1-67891233:abc.def_g": false, "a.b_c:d-e": true,
		"": false, "-a": false, "a b": false, "a\nlevel=ERROR": false, "å": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
	} {
		if got := trace.Fit(name); got != want {
			t.Errorf("Fit(%q) = %v", name, got)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	a, b := trace.NewNamer("machine", 1), trace.NewNamer("machine", 2)
	seen := map[string]bool{}
	for range 100 {
		for _, n := range []string{a.Next("request"), b.Next("request"), a.Next("run")} {
			if seen[n] || !trace.Fit(n) {
				t.Fatalf("name %q: twice, or unfit", n)
			}
			seen[n] = true
		}
	}
}
