// Judges pods by the reference implementation of the Pod Security Standards.
//
// Reads one JSON object a line: {"level": "restricted", "version": "v1.36", "pod": {...}}. Writes one JSON object a
// line, in the same order: {"allowed": false, "checks": ["runAsNonRoot"]}, the checks being those that object.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const module = "k8s.io/pod-security-admission"

type question struct {
	Level   string     `json:"level"`
	Version string     `json:"version"`
	Pod     corev1.Pod `json:"pod"`
}

type answer struct {
	Allowed bool     `json:"allowed"`
	Checks  []string `json:"checks"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println(version())
		return
	}
	if err := judge(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// judge answers every line of standard input.
func judge() error {
	checks := policy.DefaultChecks()
	evaluator, err := policy.NewEvaluator(checks, nil)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	encoder := json.NewEncoder(os.Stdout)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			return fmt.Errorf("question: %w", err)
		}
		told, err := answerTo(asked, checks, evaluator)
		if err != nil {
			return fmt.Errorf("pod %s: %w", asked.Pod.Name, err)
		}
		if err := encoder.Encode(told); err != nil {
			return err
		}
	}
	return nil
}

// answerTo takes the verdict from the module's own evaluator. That does not tell which check objects, so they are asked
// one by one as well, and both have to agree.
func answerTo(asked question, checks []policy.Check, evaluator policy.Evaluator) (answer, error) {
	level, err := api.ParseLevel(asked.Level)
	if err != nil {
		return answer{}, err
	}
	version, err := api.ParseVersion(asked.Version)
	if err != nil {
		return answer{}, err
	}
	pod := &asked.Pod
	results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, &pod.ObjectMeta, &pod.Spec)
	told := answer{
		Allowed: policy.AggregateCheckResults(results).Allowed,
		Checks:  objecting(pod, level, inForce(checks, level, version)),
	}
	if told.Allowed != (len(told.Checks) == 0) {
		return answer{}, fmt.Errorf("the evaluator says allowed=%t, the checks that object are %v", told.Allowed, told.Checks)
	}
	return told, nil
}

func objecting(pod *corev1.Pod, level api.Level, checks map[policy.CheckID]policy.VersionedCheck) []string {
	names := []string{}
	if level == api.LevelPrivileged {
		return names
	}
	for id, check := range checks {
		if !check.CheckPod(&pod.ObjectMeta, &pod.Spec).Allowed {
			names = append(names, string(id))
		}
	}
	slices.Sort(names)
	return names
}

// inForce returns the form of each check that a level of a version applies, less those that another one replaces.
func inForce(checks []policy.Check, level api.Level, version api.Version) map[policy.CheckID]policy.VersionedCheck {
	forms := map[policy.CheckID]policy.VersionedCheck{}
	for _, check := range checks {
		if level == api.LevelBaseline && check.Level != api.LevelBaseline {
			continue
		}
		for _, form := range check.Versions {
			if !version.Older(form.MinimumVersion) {
				forms[check.ID] = form
			}
		}
	}
	for _, form := range maps.Clone(forms) {
		for _, replaced := range form.OverrideCheckIDs {
			delete(forms, replaced)
		}
	}
	return forms
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}
