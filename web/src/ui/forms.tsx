import type { UseFormReturnType } from '@mantine/form';
import { fieldAt, fieldErrors, Problem } from '../api/problem';
import { fieldSentence, ProblemNote } from './ProblemNote';

// biome-ignore lint/suspicious/noExplicitAny: any form will do here, whatever its values.
export type AnyForm = UseFormReturnType<any, any>;

/** Puts a problem's sentences at the fields they are about, and goes to the first of them. */
export function showAtFields(form: AnyForm, error: unknown) {
  const errors = fieldErrors(Problem.of(error), Object.keys(form.getValues()), fieldSentence);
  form.setErrors(errors);
  const first = Object.keys(errors)[0];
  if (first) form.getInputNode(first)?.focus();
}

/** The problem of the whole form, unless all of it already stands at the fields. */
export function FormProblem({ error, form }: { error: unknown; form: AnyForm }) {
  if (!error) return null;
  const problem = Problem.of(error);
  const shown = Object.keys(fieldErrors(problem, Object.keys(form.getValues())));
  const all =
    problem.errors.length > 0 && problem.errors.every(({ pointer }) => shown.includes(fieldAt(pointer)));
  return all ? null : <ProblemNote error={problem} />;
}
