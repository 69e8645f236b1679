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

const woodPlan = `id: skog
name: Skogsplan
authority: Skogens kommun
language: sv
goals: [{id: mer, name: Mer skog}]
priorities:
  - id: skog
    name: Skog
    goals: [mer]
    text: Skog hör hit.
    vocabulary:
      - {sv: skog*, en: [forest*], weight: 3}
    rules:
      - {field: identifier, pattern: WOOD-*, weight: 1}
      - {field: identifier, pattern: NOT-*, weight: -1}
`

func decode(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, err := config.DecodePlan("plan.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWeights shows for every factor what it changes, and that it changes nothing else.
func TestWeights(t *testing.T) {
	t.Parallel()
	calls := map[string]call.Call{
		"title":        {Kind: call.KindCall, Title: "Forests"},
		"parent":       {Kind: call.KindCall, Title: "x", CallTitle: "Forests"},
		"topics":       {Kind: call.KindCall, Title: "x", Topics: []string{"Forests"}},
		"lead":         {Kind: call.KindCall, Title: "x", Text: "Forests grow."},
		"for":          {Kind: call.KindCall, Title: "Forests", Identifier: "WOOD-1"},
		"against":      {Kind: call.KindCall, Title: "Forests", Identifier: "NOT-1"},
		"consultation": {Kind: call.KindConsultation, Title: "Forests"},
		"planned":      {Kind: call.KindPlanned, Title: "Forests"},
	}
	points := func(w plan.Weights, c call.Call) float64 {
		p := decode(t, woodPlan)
		p.Weights = w
		m, err := match.New(p)
		if err != nil {
			t.Fatal(err)
		}
		c.Source, c.Ref = "own", "1"
		var sum float64
		for _, r := range m.Match(&c) {
			for _, why := range r.Reasons {
				sum += why.Weight
			}
		}
		return sum
	}
	plain := map[string]float64{"title": 3, "parent": 1.5, "topics": 1.05, "lead": 1.05, "for": 4, "against": 2, "consultation": 3, "planned": 3}
	for name, want := range plain {
		if got := points(plan.Weights{}, calls[name]); got != want {
			t.Errorf("%s without weights: got %v points, want %v", name, got, want)
		}
	}
	doubled := map[string]float64{"parent": 3, "topics": 2.1, "lead": 2.1, "for": 5, "against": 1, "consultation": 6, "planned": 6}
	var weights plan.Weights
	for i, f := range weights.Factors() {
		var w plan.Weights
		*w.Factors()[i].Value = 2
		for name, c := range calls {
			want := plain[name]
			switch f.Name {
			case name:
				want = doubled[name]
			case "threshold":
				want /= 2
			}
			if got := points(w, c); got != want {
				t.Errorf("%s doubled: %s has %v points, want %v", f.Name, name, got, want)
			}
		}
	}
}

// TestWeightsAndFloor shows that what cannot reach the floor is left out early under any weights, and nothing else.
func TestWeightsAndFloor(t *testing.T) {
	t.Parallel()
	p := seedPlan(t)
	for i := range p.Weights.Factors() {
		w := plan.Weights{Lead: 2, Planned: 0.5}
		*w.Factors()[i].Value = 4
		*w.Factors()[(i+3)%len(w.Factors())].Value = 0.25
		p.Weights = w
		set, err := match.NewSet(slices.Values([]*plan.Plan{p}))
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range readGold(t).calls() {
			if k%13 != i {
				continue
			}
			var want []match.Found
			for _, f := range set.Match(&c, 0) {
				if f.Score >= match.Floor {
					want = append(want, f)
				}
			}
			if diff := cmp.Diff(want, set.Match(&c, match.Floor)); diff != "" {
				t.Errorf("%+v: %s: -want +got\n%s", w, c.Key(), diff)
			}
		}
	}
}

// TestTrain learns from calls in which the head of a text is noise, and titles of the parent tell all.
func TestTrain(t *testing.T) {
	t.Parallel()
	var calls []call.Call
	var labels []match.Label
	add := func(c call.Call, grade float64) {
		c.Source, c.Ref, c.Kind = "own", fmt.Sprintf("%03d", len(calls)), call.KindCall
		calls = append(calls, c)
		labels = append(labels, match.Label{Key: c.Key(), Grades: map[string]float64{"skog": grade}})
	}
	for i := range 30 {
		add(call.Call{Title: fmt.Sprintf("Topic %d", i), CallTitle: "Forests", Text: "Anything."}, 2)
		add(call.Call{Title: fmt.Sprintf("Topic %d", i), CallTitle: "Cities", Text: "Near forests and others."}, 0)
	}
	p := decode(t, woodPlan)
	got, err := match.Train(context.Background(), p, calls, labels)
	if err != nil {
		t.Fatal(err)
	}
	if got.Plain.Must != 0 || got.Crossed.Must < 0.99 || got.Crossed.F1 < 0.99 {
		t.Errorf("learned nothing: without %v, in sample %v, cross-validated %v", got.Plain, got.Learned, got.Crossed)
	}
	again, err := match.Train(context.Background(), p, calls, labels)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.YAML(), again.YAML()); diff != "" {
		t.Errorf("learned twice, not the same:\n%s", diff)
	}

	// What is written is a section of a plan.
	learned := decode(t, woodPlan+got.YAML())
	for i, f := range learned.Weights.Factors() {
		want := *got.Weights.Factors()[i].Value
		if want == 0 {
			want = 1
		}
		if *f.Value != want {
			t.Errorf("%s: got %v of the plan, want %v", f.Name, *f.Value, want)
		}
	}
	m, err := match.New(learned)
	if err != nil {
		t.Fatal(err)
	}
	if r := m.Match(&calls[0]); len(r) != 1 || !r[0].Included {
		t.Errorf("with the learned weights: %+v", r)
	}
	if match.Hash(learned) == match.Hash(p) {
		t.Error("other weights, the same hash: stored calls would not be matched anew")
	}
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	c := call.Call{Source: "own", Ref: "1", Kind: call.KindCall, Title: "Forests"}
	labels := []match.Label{{Key: c.Key(), Grades: map[string]float64{"skog": 2}}}
	p := decode(t, woodPlan)
	if _, err := match.Train(context.Background(), p, nil, labels); err == nil || !strings.Contains(err.Error(), "no answer for labelled call own/1") {
		t.Errorf("without the item: %v", err)
	}
	if _, err := match.Train(context.Background(), p, []call.Call{c}, labels); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("one label: %v", err)
	}
}
