package app

import (
	"context"
	"fmt"

	"utkik/config"
	"utkik/internal/draft"
)

// PlanDraft is a first plan file made of an action plan.
type PlanDraft struct {
	YAML    []byte
	Summary string // what was found, in one line
}

// DraftPlan reads an action plan (text, DOCX or PDF) and writes a first plan file of it. An empty id is made of the
// plan's title. What it gives loads as it is.
func DraftPlan(ctx context.Context, path, id string) (PlanDraft, error) {
	source, err := draft.ReadFile(ctx, path)
	if err != nil {
		return PlanDraft{}, err
	}
	outline, err := draft.Parse(source)
	if err != nil {
		return PlanDraft{}, err
	}
	d := PlanDraft{YAML: outline.YAML(id)}
	p, err := config.DecodePlan("draft", d.YAML)
	if err != nil {
		return PlanDraft{}, fmt.Errorf("action plan %q: the draft would not load; please report it with the document: %v", path, err)
	}
	terms := 0
	for _, pr := range p.Priorities {
		terms += len(pr.Vocabulary)
	}
	d.Summary = fmt.Sprintf("%s; %d priorities with %d terms", outline.Summary(), len(p.Priorities), terms)
	return d, nil
}
