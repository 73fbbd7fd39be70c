mod rig;
mod rules;
mod sampler;
