package haveyoursay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// detail is what we read of an initiative's own answer. It holds no opening date but a planned one.
type detail struct {
	ID           number        `json:"id"`
	Summary      string        `json:"dossierSummary"`
	Publications []publication `json:"publications"`
}

type publication struct {
	Stage        string          `json:"frontEndStage"`
	Feedback     string          `json:"receivingFeedbackStatus"`
	End          json.RawMessage `json:"endDate"`
	PlannedStart json.RawMessage `json:"plannedStartDate"`
	PlannedEnd   json.RawMessage `json:"plannedEndDate"`
	Objective    json.RawMessage `json:"consultationObjective"` // text, where it is stated
}

// period gives the publication as the list would tell it.
func (p *publication) period() period {
	return period{Stage: p.Stage, Feedback: p.Feedback, Start: words(p.PlannedStart), End: cmp.Or(words(p.End), words(p.PlannedEnd))}
}

// words gives a field that should be text; empty when it is anything else.
func words(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// parseDetail reads the answer for the initiative ref as a part: its text, and its stages. Title, status and dates are
// the list's, always: the detail also speaks of stages that are over.
func parseDetail(src kind.Source, ref string, body []byte) (kind.Page, error) {
	const want = "id, dossierSummary, publications"
	var d detail
	if err := json.Unmarshal(body, &d); err != nil {
		return kind.Page{}, wrong(body, want, err)
	}
	if d.ID == 0 {
		return kind.Page{}, wrong(body, want, nil)
	}
	p := kind.Page{Total: -1}
	if got := strconv.FormatInt(int64(d.ID), 10); got != ref {
		return kind.Page{}, fmt.Errorf("initiative %s was asked for, %s came", ref, got)
	}
	paragraphs := []string{text.FromHTML(d.Summary)}
	var periods []period
	for _, pub := range d.Publications {
		if pub.Feedback != feedbackOpen { // of those the list tells more
			periods = append(periods, pub.period())
		}
		if pub.Feedback != feedbackOpen && pub.Feedback != feedbackUpcoming {
			continue
		}
		if t := text.FromHTML(words(pub.Objective)); !slices.Contains(paragraphs, t) {
			paragraphs = append(paragraphs, t)
		}
	}
	paragraphs = slices.DeleteFunc(paragraphs, func(s string) bool { return s == "" })
	stages := timeline(periods)
	if len(paragraphs) == 0 && len(stages) == 0 {
		return p, nil // there is nothing to fill
	}
	p.Items = []kind.Item{{Fill: true, Call: call.Call{
		Source: src.ID, Ref: ref, Kind: call.KindConsultation, Text: strings.Join(paragraphs, "\n\n"), Stages: stages,
	}}}
	return p, nil
}
