package match_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

// taught gives calls of which the plan's vocabulary knows the half: meadows are wanted as much as forests, of towns
// nobody wants even the forests.
func taught() (calls []call.Call, labels []match.Label) {
	add := func(grade float64, title, text string) {
		c := call.Call{Source: "own", Ref: fmt.Sprintf("%03d", len(calls)), Kind: call.KindCall, Language: "en", Title: title, Text: text}
		calls = append(calls, c)
		labels = append(labels, match.Label{Key: c.Key(), Grades: map[string]float64{"skog": grade}})
	}
	for i := range 40 {
		add(2, fmt.Sprintf("Forests number %d", i), "")
		add(2, fmt.Sprintf("Meadows number %d", i), "Meadows in flower.")
		add(0, fmt.Sprintf("Forests of townspeople, number %d", i), "")
		for _, other := range []string{"Lakes", "Roads", "Schools", "Museums", "Ports", "Farms", "Boats", "Banks", "Trains", "Hills"} {
			add(0, fmt.Sprintf("%s number %d", other, i), "")
		}
	}
	return calls, labels
}

func TestLearn(t *testing.T) {
	t.Parallel()
	calls, labels := taught()
	p := decode(t, woodPlan)
	got, err := match.Learn(context.Background(), p, calls, labels)
	if err != nil {
		t.Fatal(err)
	}
	if got.Plain.F1 > 0.7 || got.Crossed.F1 < 0.99 || got.Crossed.NDCG < 0.99 {
		t.Errorf("learned too little: without %+v, cross-validated %+v", got.Plain, got.Crossed)
	}

	// Whatever the order of calls and labels, and whatever was learned before.
	slices.Reverse(calls)
	slices.Reverse(labels)
	again, err := match.Learn(context.Background(), got.Plan, calls, labels)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.YAML(), again.YAML()); diff != "" {
		t.Errorf("learned twice, not the same:\n%s", diff)
	}

	// What is written is what a plan takes in.
	read, err := config.DecodeLearned("learned.yaml", []byte(got.YAML()), p)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range read.Priorities[0].Learned {
		x.Line = 0
		if diff := cmp.Diff(got.Plan.Priorities[0].Learned[i], x); diff != "" {
			t.Errorf("-learned +read:\n%s", diff)
		}
	}
	if match.Hash(read) == match.Hash(p) {
		t.Error("with learned words, the same hash: stored calls would not be matched anew")
	}
}

// A reason for learned words names them, marks those that stand in the quoted sentence, and stands beside the plan's.
func TestLearnedReasons(t *testing.T) {
	t.Parallel()
	p := decode(t, woodPlan).WithLearned([][]plan.Learned{{
		{In: plan.InText, Words: "meadowl*", Points: 1.5}, {In: plan.InText, Words: "in flower", Points: 0.75},
		{In: plan.InTitle, Words: "meadowl*", Points: 0.5}, {In: plan.InText, Words: "towns", Points: 3}, // a whole word, which does not stand there
		{In: plan.InText, Words: "of", Points: -0.25}, {In: plan.InCode, Words: "GREEN-HAY", Points: -0.1},
	}})
	m, err := match.New(p)
	if err != nil {
		t.Fatal(err)
	}
	c := call.Call{Source: "own", Ref: "1", Kind: call.KindCall, Language: "en", Identifier: "GREEN-2027-HAY-01",
		Title: "Meadowlands of townspeople, in flower", Text: "Meadows."}
	got := m.Match(&c)
	want := []match.Result{{Priority: "skog", Score: 0.5, Included: true, Reasons: []match.Reason{
		{Kind: match.KindLearned, PriorityText: "Skog hör hit.", CallText: "«Meadowlands» of townspeople, «in flower»", Field: "title", Term: "meadowl*, in flower", Weight: 2.75},
		{Kind: match.KindLearned, PriorityText: "Skog hör hit.", CallText: "Meadowlands «of» townspeople, in flower", Field: "title", Term: "of, GREEN-HAY", Weight: -0.35},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLearnRefuses(t *testing.T) {
	t.Parallel()
	calls, labels := taught()
	p := decode(t, woodPlan)
	if _, err := match.Learn(context.Background(), p, calls[:1], labels); err == nil || !strings.Contains(err.Error(), "no answer for labelled call") {
		t.Errorf("without items: %v", err)
	}
	if _, err := match.Learn(context.Background(), p, calls[:1], labels[:1]); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("one label: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := match.Learn(ctx, p, calls, labels); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("interrupted: %v", err)
	}
}
