package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Decode reads one object of the exchange format. Unknown keys, wrong types and values that [Call.Validate]
// refuses are errors; deadlines come out in order of time.
func Decode(line []byte) (Call, error) {
	row := struct {
		Call
		BudgetEUR wholeEUR `json:"budget_eur"`
		MinEUR    wholeEUR `json:"contribution_min_eur"`
		MaxEUR    wholeEUR `json:"contribution_max_eur"`
	}{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&row); err != nil {
		return Call{}, fmt.Errorf("not a call in the exchange format: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Call{}, errors.New("more than one JSON value on a line")
	}
	c := row.Call
	c.BudgetEUR, c.MinEUR, c.MaxEUR = int64(row.BudgetEUR), int64(row.MinEUR), int64(row.MaxEUR)
	if err := c.Validate(); err != nil {
		return Call{}, err
	}
	// A null or an empty text among the deadlines states none.
	c.Deadlines = slices.DeleteFunc(c.Deadlines, Moment.IsZero)
	slices.SortStableFunc(c.Deadlines, Moment.Compare)
	return c, nil
}

// Encode writes c as one line of the exchange format, without the line's end.
func Encode(c *Call) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("call %s: %v", c.Key(), err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// wholeEUR reads an amount of euros and rounds it to whole ones: some writers make 13700000.0 of it, and
// some portals state cents.
type wholeEUR int64

func (w *wholeEUR) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if math.Abs(f) > 1<<53 {
		return fmt.Errorf("amount %s is out of range", b)
	}
	*w = wholeEUR(math.Round(f))
	return nil
}
