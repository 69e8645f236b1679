package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Decode reads one object of the exchange format. Unknown keys, wrong types and values that [Call.Validate]
// refuses are errors; deadlines come out in order of time.
func Decode(line []byte) (Call, error) {
	var c Call
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Call{}, fmt.Errorf("not a call in the exchange format: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Call{}, errors.New("more than one JSON value on a line")
	}
	if err := c.Validate(); err != nil {
		return Call{}, err
	}
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
