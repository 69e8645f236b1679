package match_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{ID: "p", Priorities: []plan.Priority{{
		ID: "water",
		Vocabulary: []plan.Term{
			{SV: "vatten*", EN: []string{"water"}, Weight: 3, Line: 10},
			{SV: "is", EN: []string{"ice", "ice"}, Weight: 1, Line: 11},
			{EN: []string{"water"}, Weight: 2, Line: 12},
			{EN: []string{"ice"}, Weight: -2, Line: 13},
			{EN: []string{"the"}, Weight: 1, Line: 14},
		},
		Rules: []plan.Rule{
			{Field: "programme", Pattern: "LIFE", Weight: 1, Line: 20},
			{Field: "programme", Pattern: "life", Weight: 2, Line: 21},
		},
	}}}
	calls := make([]call.Call, 60)
	for i := range calls {
		calls[i] = call.Call{Source: "s", Ref: "r", Kind: call.KindCall, Title: "The title", Programme: "CEF"}
	}
	calls[0].Title = "Water"
	type row struct {
		Line    int
		Term    string
		Problem match.Problem
	}
	rows := func(fs []match.Finding) (out []row) {
		for _, f := range fs {
			if f.Priority != "water" || f.Text == "" {
				t.Errorf("finding %+v: want a priority and words", f)
			}
			out = append(out, row{f.Line, f.Term, f.Problem})
		}
		return out
	}
	want := []row{
		{11, "is", match.ProblemUnused},
		{12, "water", match.ProblemDuplicate},
		{13, "ice", match.ProblemContradiction},
		{13, "ice", match.ProblemUnused},
		{14, "the", match.ProblemCommon},
		{20, "LIFE", match.ProblemUnused},
		{21, "life", match.ProblemDuplicate},
		{21, "life", match.ProblemUnused},
	}
	if diff := cmp.Diff(want, rows(match.Check(p, calls))); diff != "" {
		t.Errorf("with calls (-want +got):\n%s", diff)
	}
	want = []row{want[1], want[2], want[6]}
	if diff := cmp.Diff(want, rows(match.Check(p, nil))); diff != "" {
		t.Errorf("without calls (-want +got):\n%s", diff)
	}
}

// The plan that comes with the program shows what its keepers should strive for.
func TestCheckSeedPlan(t *testing.T) {
	t.Parallel()
	p := seedPlan(t)
	if diff := cmp.Diff([]match.Finding{}, match.Check(p, nil), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the plan by itself (-want +got):\n%s", diff)
	}
}

func TestCheckSeedPlanOverCorpus(t *testing.T) {
	t.Parallel()
	p := seedPlan(t)
	var unused, lines int
	for _, pr := range p.Priorities {
		lines += len(pr.Vocabulary) + len(pr.Rules)
	}
	for _, f := range match.Check(p, corpus(t)) {
		switch f.Problem {
		case match.ProblemCommon:
			t.Errorf("line %d: %s: %s: %s", f.Line, f.Priority, f.Term, f.Text)
		case match.ProblemUnused:
			unused++
			t.Logf("line %d: %s: %s: %s", f.Line, f.Priority, f.Term, f.Text)
		}
	}
	t.Logf("%d of %d terms and rules fit nothing", unused, lines)
	// Some lines wait for what is rare (an Interreg programme's call). A plan of such lines is not kept.
	if unused*4 > lines {
		t.Errorf("%d of %d terms and rules fit nothing in the corpus; want at most a quarter", unused, lines)
	}
}

// corpus reads the real calls that stand beside the project.
func corpus(t testing.TB) []call.Call {
	t.Helper()
	file, err := os.Open(shared(t, "corpus/calls.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []call.Call
	s := bufio.NewScanner(z)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		c, err := call.Decode(s.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
